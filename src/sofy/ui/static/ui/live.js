// Fragments that follow something running: data-live is the address, data-every the seconds between two looks. The answer
// replaces the fragment; one that no longer carries data-live ends the watch, and with data-then="reload" the whole page is
// read again, when its end changes more than the fragment. With data-stream the same address also gives a stream of
// server-sent events that says when to look; while there is none, the page looks again and again. Hidden pages wait.
const FIRST_RETRY_S = 5;
const LAST_RETRY_S = 300;
const REACHABLE = "a[href], button, input, select, textarea, summary";
const watched = new Set();

// Somebody who is on a button of the fragment stays on it.
const replace = (node, fresh) => {
  if (fresh.isEqualNode(node)) return;
  const place = [...node.querySelectorAll(REACHABLE)].indexOf(document.activeElement);
  node.replaceWith(fresh);
  if (place >= 0) fresh.querySelectorAll(REACHABLE)[place]?.focus();
  document.dispatchEvent(new CustomEvent("sofy:content"));
};

const watch = (id) => {
  const now = () => document.getElementById(id);
  let source, polling, reopening;
  let retry_s = FIRST_RETRY_S;
  let looking = false;
  let missed = false;

  const rest = () => {
    source?.close();
    clearInterval(polling);
    clearTimeout(reopening);
    source = polling = reopening = undefined;
  };
  const end = () => {
    rest();
    watched.delete(id);
    document.removeEventListener("visibilitychange", begin);
  };
  const look = async () => {
    if (looking) return (missed = true);
    looking = true;
    try {
      const answer = await fetch(now().dataset.live, { headers: { "HX-Request": "true" } });
      if (answer.ok) {
        const body = new DOMParser().parseFromString(await answer.text(), "text/html").body;
        const fresh = body.querySelector(`#${CSS.escape(id)}`);
        if (fresh && !fresh.dataset.live && now()?.dataset.then === "reload") return location.reload();
        if (fresh && now()) replace(now(), fresh);
      }
    } catch {
      // the network is away for a moment: look again
    }
    looking = false;
    if (!now()?.dataset.live) return end();
    if (missed) {
      missed = false;
      look();
    }
  };
  const poll = () => (polling ??= setInterval(look, Number(now()?.dataset.every || 2) * 1000));
  const listen = () => {
    source = new EventSource(now().dataset.live);
    source.addEventListener("open", () => {
      clearInterval(polling);
      polling = undefined;
      retry_s = FIRST_RETRY_S;
      look(); // what happened before anybody listened
    });
    source.addEventListener("changed", look);
    source.addEventListener("error", () => {
      if (!now()?.dataset.live) return end();
      poll();
      // A line that fell is picked up again by the browser; an address that gives no stream is asked less and less often.
      if (source?.readyState !== EventSource.CLOSED) return;
      reopening = setTimeout(begin, retry_s * 1000);
      retry_s = Math.min(LAST_RETRY_S, retry_s * 2);
    });
  };
  function begin() {
    rest();
    if (!now()?.dataset.live) return end();
    if (document.hidden) return;
    poll();
    if ("stream" in now().dataset && "EventSource" in window) listen();
  }
  document.addEventListener("visibilitychange", begin);
  begin();
};

const scan = () => {
  for (const node of document.querySelectorAll("[data-live][id]")) {
    if (watched.has(node.id)) continue;
    watched.add(node.id);
    watch(node.id);
  }
};
document.addEventListener("sofy:content", scan);
scan();
