// Small helps on forms: close a notice, copy a value, type to confirm, send only once.
const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

const dress = () => {
  each("[data-dismiss]", (button) => (button.hidden = false));
  each("[data-copy]", (button) => (button.hidden = false));
  each("[data-typed]", (input) => {
    const button = input.form.querySelector("button.btn:not([type=button])");
    const check = () => (button.disabled = input.value.trim() !== input.dataset.typed);
    input.addEventListener("input", check);
    check();
  });
  each("[data-autosubmit]", (control) => control.addEventListener("change", () => control.form.requestSubmit()));
};

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".notice").remove();
  const copy = event.target.closest("[data-copy]");
  if (copy) {
    const source = document.getElementById(copy.dataset.copy);
    navigator.clipboard?.writeText(source.value ?? source.textContent.trim());
    source.select?.();
    copy.classList.add("copied");
  }
});

// A second click must not do the thing twice; coming back with the Back button makes the form usable again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) event.preventDefault();
  else if (form.method === "post" && !form.hasAttribute("hx-post")) form.dataset.sent = "yes";
});
addEventListener("pageshow", () => each("form[data-sent]", (form) => delete form.dataset.sent));

document.addEventListener("sofy:content", dress);
dress();
