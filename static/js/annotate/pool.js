// New texts, one after the other: each answer has a key. The keys act while no field has the focus.
import { learn } from "./labels.js";
import { isOpen as picking, pick } from "./picker.js";

const queue = document.getElementById("next");
const form = () => document.getElementById("next-form");

async function other(button) {
  const label = await pick(button);
  if (label === null) return queue.focus();
  learn(label);
  const set = document.createElement("button");
  Object.assign(set, { type: "submit", name: "label", value: label, hidden: true });
  form().append(set);
  set.click(); // htmx sends the button that was clicked
}

queue?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-other]");
  if (button) other(button);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || picking()) return;
  if (event.target.closest("input, select, textarea, dialog, [popover]")) return;
  if (event.key === "?") return document.getElementById("keys").showModal();
  // Enter on a button or a link is that button's; a key that is held down answers once.
  if (event.repeat || (event.key === "Enter" && event.target.closest("button, a, summary"))) return;
  const button = form()?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button || !("ready" in queue.dataset) || queue.querySelector(".htmx-request")) return;
  event.preventDefault();
  button.click();
});

// The next text is there and htmx knows its form: keys act from here on, and screen readers begin to read it.
document.addEventListener("htmx:afterSettle", (event) => {
  if (!queue || event.detail.target !== queue || !form()) return;
  queue.dataset.ready = form().elements.row.value;
  const draft = Number(form().dataset.draft);
  document.getElementById("draft-size").textContent = `(${draft})`;
  document.getElementById("draft-actions").hidden = draft === 0;
  if (!picking()) queue.focus();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === queue) delete queue.dataset.ready;
});

// The file has been read while this page was open: the texts come with the whole page.
document.addEventListener("pool-ended", () => queue || !document.querySelector("#pool-status[data-read]") || location.reload());
