// The command bar (Ctrl+K), the list of keys (?), the search of a page (/) and g + letter to go to a page.
const bar = document.getElementById("command");
const keys = document.getElementById("keys");
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
let waitingForLetter = false;

const openBar = () => {
  bar?.showModal();
  bar?.querySelector("input").select();
};

for (const button of document.querySelectorAll("[data-command]")) {
  button.hidden = false;
  button.addEventListener("click", openBar);
}

for (const dialog of [bar, keys]) {
  dialog?.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

bar?.addEventListener("keydown", (event) => {
  const hits = [...bar.querySelectorAll(".command-hit")];
  const at = hits.indexOf(document.activeElement);
  if (event.key === "ArrowDown") hits[Math.min(at + 1, hits.length - 1)]?.focus();
  else if (event.key === "ArrowUp") (hits[at - 1] ?? bar.querySelector("input")).focus();
  else if (event.key === "Enter" && typing(event.target)) hits[0]?.click();
  else return;
  event.preventDefault();
});

const go = (letter) => document.querySelector(`.rail [data-key="${CSS.escape(letter)}"]`)?.click();

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openBar();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (waitingForLetter) {
    waitingForLetter = false;
    go(event.key.toLowerCase());
  } else if (event.key === "?") {
    keys?.showModal();
  } else if (event.key === "/") {
    const search = document.querySelector("main [type=search], main [role=search] input");
    if (search) {
      event.preventDefault();
      search.focus();
    }
  } else if (event.key === "g") {
    waitingForLetter = true;
    setTimeout(() => (waitingForLetter = false), 1500);
  }
});

// A menu closes when one clicks beside it or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open], details.more[open], details.sure[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
