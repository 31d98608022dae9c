// Says how much of a payment is still to be given while its parts are typed.
for (const form of document.querySelectorAll("[data-split-of]")) {
  const said = form.querySelector("[data-left]");
  const cents = (text) => Math.round(Number(text.replace(/\s/g, "").replace(",", ".") || 0) * 100);
  const money = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR" });
  const tell = () => {
    const parts = [...form.querySelectorAll("input.part")].map((input) => cents(input.value));
    const left = cents(form.dataset.splitOf) - parts.reduce((sum, part) => sum + part, 0);
    said.textContent = Number.isNaN(left) ? "" : `${said.dataset.label} ${money.format(left / 100)}`;
    said.classList.toggle("text-danger", left !== 0);
  };
  form.addEventListener("input", tell);
  tell();
}
