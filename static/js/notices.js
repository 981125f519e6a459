// The bell: asks now and then for what is new, shows the number, and says it on the desktop where the person allowed that.
const bells = [...document.querySelectorAll("[data-bell]")];
const SEEN = 20_000; // milliseconds between two questions while the page is in sight
const HIDDEN = 60_000; // … and while it is not
const LIMIT = 10_000; // for an answer
let timer = null;

function show(count) {
  for (const bell of bells) {
    bell.dataset.unread = count;
    bell.querySelector("[data-bell-number]").textContent = count;
    bell.querySelector("[data-bell-count]").hidden = !count;
  }
}

// The tag keeps several tabs from saying the same thing several times.
function tell({ id, title, text, url }) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const said = new Notification(title, { body: text, tag: id });
  said.addEventListener("click", () => {
    window.focus();
    if (url) location.assign(url);
  });
}

async function ask() {
  clearTimeout(timer);
  const before = Number(bells[0].dataset.unread);
  try {
    const url = `${bells[0].dataset.url}?unread=${before}`;
    const answer = await fetch(url, { headers: { Accept: "application/json" }, redirect: "error", signal: AbortSignal.timeout(LIMIT) });
    if (answer.status === 200) {
      const { unread, newest } = await answer.json();
      show(unread);
      if (unread > before && newest) {
        tell(newest);
        document.dispatchEvent(new CustomEvent("attune:notice", { detail: newest }));
      }
    }
  } catch {
    // No network, or signed out: the next page says so.
  }
  timer = setTimeout(ask, document.hidden ? HIDDEN : SEEN);
}

if (bells.length) {
  timer = setTimeout(ask, SEEN);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  document.addEventListener("attune:ended", ask);
}

// --- the choice on the settings page ---------------------------------------------------------------------------------

const choice = document.querySelector("[data-notify-permission]");

function state() {
  const known = "Notification" in window && window.isSecureContext;
  const permission = known ? Notification.permission : "none";
  choice.querySelector("[data-notify-ask]").hidden = permission !== "default";
  const texts = { granted: choice.dataset.textGranted, denied: choice.dataset.textDenied, none: choice.dataset.textNone };
  choice.querySelector("[data-notify-state]").textContent = texts[permission] ?? "";
}

if (choice) {
  state();
  choice.querySelector("[data-notify-ask]").addEventListener("click", () => Notification.requestPermission().then(state));
}
