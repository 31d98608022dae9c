// Ticking rows: the box of the head ticks all, shift ticks a range, the bar of actions says how many.
const table = document.querySelector("table[data-select]");
const boxes = () => [...table.querySelectorAll("tbody input[type=checkbox]")];
const all = table.querySelector("thead input[type=checkbox]");
const bar = document.getElementById(table.dataset.select);
let last = null;

const show = () => {
  const ticked = boxes().filter((box) => box.checked).length;
  if (all) {
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  if (bar) {
    bar.classList.toggle("is-idle", ticked === 0);
    const count = bar.querySelector("[data-count]");
    if (count) count.textContent = ticked;
  }
};

table.addEventListener("click", (event) => {
  const box = event.target.closest("input[type=checkbox]");
  if (!box) return;
  const rows = boxes();
  if (box === all) rows.forEach((row) => (row.checked = all.checked));
  else if (event.shiftKey && last) {
    const [from, to] = [rows.indexOf(last), rows.indexOf(box)].sort((a, b) => a - b);
    rows.slice(from, to + 1).forEach((row) => (row.checked = box.checked));
  }
  last = box === all ? null : box;
  show();
});
show();
