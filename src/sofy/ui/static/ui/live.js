// Fragments that follow something running: data-live is the address, data-every the seconds between two looks.
// The answer replaces the fragment; one that no longer carries data-live stops the watch, and with data-then="reload" the
// whole page is read again, when its end changes more than the fragment. Hidden pages wait.
const watched = new WeakSet();

const watch = (node) => {
  if (watched.has(node)) return;
  watched.add(node);
  const again = () => setTimeout(look, Number(node.dataset.every || 2) * 1000);
  const look = async () => {
    if (!node.isConnected) return;
    if (document.hidden) return again();
    try {
      const answer = await fetch(node.dataset.live, { headers: { "HX-Request": "true" } });
      if (answer.ok) {
        const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        const fresh = body.querySelector(`#${CSS.escape(node.id)}`);
        if (fresh && !fresh.dataset.live && node.dataset.then === "reload") return location.reload();
        if (fresh) {
          node.replaceWith(fresh);
          document.dispatchEvent(new CustomEvent("sofy:content"));
          return scan();
        }
      }
    } catch {
      // the network is away for a moment: look again
    }
    again();
  };
  again();
};

const scan = () => document.querySelectorAll("[data-live][id]").forEach(watch);
document.addEventListener("sofy:content", scan);
scan();
