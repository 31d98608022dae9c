// A click on a field's name writes it where the cursor is; the preview hears of it as of typing.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const areas = [...document.querySelectorAll("textarea[data-content], input[data-content]")];
  const area = areas.find((each) => each === lastArea) ?? areas[0];
  if (!area) return;
  area.setRangeText(button.dataset.insert, area.selectionStart, area.selectionEnd, "end");
  area.focus();
  area.dispatchEvent(new Event("input", { bubbles: true }));
});

let lastArea = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea[data-content], input[data-content]")) lastArea = event.target;
});

// Choosing another way to travel brings the form anew.
const dress = () => {
  document.querySelectorAll("[data-inserts]").forEach((box) => (box.hidden = false));
  document.querySelectorAll("[data-without-script]").forEach((box) => (box.hidden = true));
};
document.addEventListener("sofy:content", dress);
dress();
