// What is typed is shown in the frame a moment later. A new frame each time leaves no step in the browser's history.
const form = document.getElementById("mail-form");
let waiting = 0;

function show() {
  const frame = form.querySelector("iframe");
  const fresh = frame.cloneNode();
  frame.replaceWith(fresh);
  const kept = [form.getAttribute("action"), form.getAttribute("target")];
  form.setAttribute("action", form.dataset.shown);
  form.setAttribute("target", fresh.name);
  HTMLFormElement.prototype.submit.call(form);
  for (const [name, value] of [["action", kept[0]], ["target", kept[1]]]) {
    if (value === null) form.removeAttribute(name);
    else form.setAttribute(name, value);
  }
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(show, 500);
}

form.addEventListener("input", soon);
form.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "mail-blocks") soon();
});
show();
