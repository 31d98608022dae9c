// Keys of the queue: j and k move, Enter takes the first suggestion, e splits, s puts aside, u takes back.
const cards = [...document.querySelectorAll("[data-queue] > .question")];
const typing = (target) => target.closest?.("input, textarea, select, a, button, summary, dialog");
const at = () => cards.indexOf(document.activeElement.closest?.(".question"));

const go = (place) => {
  const card = cards[Math.max(0, Math.min(place, cards.length - 1))];
  card?.focus({ preventScroll: true });
  card?.scrollIntoView({ block: "nearest" });
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input, textarea, select")) return;
  const card = cards[at()];
  if (event.key === "j") go(at() + 1);
  else if (event.key === "k") go(at() - 1);
  else if (event.key === "Enter" && card && !typing(event.target)) card.querySelector("[data-accept]")?.click();
  else if (event.key === "e" && card) card.querySelector("[data-split]")?.click();
  else if (event.key === "s" && card) card.querySelector("[data-later]")?.click();
  else if (event.key === "u") document.querySelector(".notice form button")?.click();
  else return;
  event.preventDefault();
});
go(0);
