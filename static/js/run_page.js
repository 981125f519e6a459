// The page of a run: asks where it stands while it is under way, says it in the title and to screen readers, and fills
// examples into the box to try the model.
const PAUSE = 1500; // milliseconds between two questions
const title = document.title;
const said = document.getElementById("run-said");
const state = () => document.getElementById("run-live");
const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" });

// htmx asks when it hears the event; a hidden tab does not ask.
function tick() {
  const live = state();
  if (live?.dataset.live && !document.hidden) live.dispatchEvent(new CustomEvent("attune:tick"));
}

function tell() {
  const live = state();
  const running = Boolean(live?.dataset.live);
  document.title = running && live.dataset.said ? `${percent.format(live.dataset.share)} · ${title}` : title;
  const now = running ? live.dataset.said : document.getElementById("run-badge")?.textContent.trim();
  if (said.textContent !== now) said.textContent = now;
}

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

setInterval(tick, PAUSE);
document.addEventListener("visibilitychange", tick);
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
