// Loads the small modules a page has a use for; every page works without them.
import "./keys.js";
import "./forms.js";

const when = (selector, module) => {
  if (document.querySelector(selector)) import(module);
};

const scan = () => {
  when("[data-chart]", "./chart.js");
  when("table[data-select]", "./select.js");
  when("[data-live]", "./live.js");
};

scan();
document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest" });
document.addEventListener("htmx:afterSettle", () => {
  scan();
  document.dispatchEvent(new CustomEvent("sofy:content"));
});
