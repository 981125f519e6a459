// The page of a run: asks where it stands while it is under way, says it in the title and to screen readers, and fills
// examples into the box to try the model.
const PAUSE = 1500; // milliseconds between two questions
const HIDDEN = 15000; // … of a tab that nobody looks at: its title shall say when the run has ended
const LOG = 6000; // … about the log, while it is open
const SPREAD = 3000; // after the end, until the bell may know of it
const title = document.title;
const said = document.getElementById("run-said");
const state = () => document.getElementById("run-live");
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });
let asked = 0;
let heard = null; // when the worker was heard of last, on this page's clock
let watched = Boolean(state()?.dataset.live);

// htmx asks when it hears the event.
function tick() {
  const live = state();
  const now = performance.now();
  tellHeard(now);
  if (!live?.dataset.live || now - asked < (document.hidden ? HIDDEN : PAUSE) - 100) return;
  asked = now;
  live.dispatchEvent(new CustomEvent("attune:tick"));
}

function tell() {
  const live = state();
  const running = Boolean(live?.dataset.live);
  const now = running ? live.dataset.said : document.getElementById("run-badge")?.textContent.trim();
  if (running && live.dataset.said) document.title = `${percent.format(live.dataset.share)} · ${title}`;
  if (watched && !running) {
    watched = false;
    document.title = `${now} · ${title}`;
    setTimeout(() => document.dispatchEvent(new CustomEvent("attune:ended")), SPREAD);
  }
  if (said.textContent !== now) said.textContent = now;
}

// --- signs of life ---------------------------------------------------------------------------------------------------

function tellHeard(now) {
  const line = document.querySelector("[data-heard]");
  if (!line) return;
  heard ??= now - 1000 * line.dataset.heard;
  const text = line.dataset.text.replace("{seconds}", Math.max(0, Math.round((now - heard) / 1000)));
  if (line.textContent !== text) line.textContent = text;
}

function offline(lost) {
  const place = document.getElementById("run-offline");
  const text = document.getElementById("run-offline-text");
  if (!place || !text || lost === Boolean(place.firstElementChild)) return;
  if (lost) place.append(text.content.cloneNode(true));
  else place.replaceChildren();
}

const ours = (event) => event.detail.elt?.id === "run-live";
for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(name, (event) => ours(event) && offline(true));
}
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr } = event.detail;
  if (!ours(event) || xhr.status >= 400) return;
  offline(false);
  const ago = xhr.getResponseHeader("Attune-Heard");
  heard = ago === null ? null : performance.now() - 1000 * Number(ago);
});

// The list of trials is asked for anew with all else; it stays where it was scrolled to, and keeps the focus.
let trials = null;
document.addEventListener("htmx:beforeSwap", () => {
  const list = document.getElementById("trials");
  trials = list && { top: list.scrollTop, focused: document.activeElement === list };
});
document.addEventListener("htmx:afterSwap", () => {
  const list = document.getElementById("trials");
  if (!list || !trials) return;
  list.scrollTop = trials.top;
  if (trials.focused) list.focus({ preventScroll: true });
});

// A timer sleeps with the laptop; whatever wakes the page makes it ask at once.
function wake() {
  asked = 0;
  tick();
}
setInterval(tick, 500);
for (const name of ["online", "pageshow", "focus"]) globalThis.addEventListener(name, wake);
document.addEventListener("visibilitychange", () => document.hidden || wake());
setInterval(() => {
  const log = document.getElementById("run-log");
  if (log?.open && !document.hidden && state()?.dataset.live) log.dispatchEvent(new CustomEvent("attune:log"));
}, LOG);
document.addEventListener("htmx:afterSettle", tell);
tell();

// An example fills every input of the form that it has a value for.
document.addEventListener("click", (event) => {
  const example = event.target.closest("[data-fill]");
  if (!example) return;
  const { form } = example;
  for (const [name, value] of Object.entries(JSON.parse(example.dataset.fill))) {
    if (form.elements[name]) form.elements[name].value = value;
  }
  form.dispatchEvent(new CustomEvent("attune:filled", { bubbles: true }));
  form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  if (["try-form", "nearest-form"].includes(event.target.form?.id)) event.target.form.requestSubmit();
});

// --- the conversation ------------------------------------------------------------------------------------------------

// htmx listens at the body, and reads the event's detail.
document.addEventListener("click", (event) => {
  const form = event.target.closest("[data-stop]")?.closest("form");
  form?.dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true, detail: {} }));
});

// What was said last is in sight, and the next message can be typed at once.
document.addEventListener("htmx:afterSettle", () => {
  const log = document.querySelector("[data-chat-log]");
  if (!log || log.dataset.seen) return;
  log.dataset.seen = "yes";
  log.scrollTop = log.scrollHeight;
  log.closest("#chat").querySelector("#try-text").focus();
});
