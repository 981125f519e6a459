// The review: each decision has a key. The keys act while no field has the focus.
import { isOpen as picking, pick } from "./picker.js";

const queue = document.getElementById("review");
const form = () => document.getElementById("review-form");

const valued = (label) => JSON.stringify({ [form().dataset.role]: label });

async function other(button) {
  const label = await pick(button);
  if (label === null) return;
  const set = document.createElement("button");
  Object.assign(set, { type: "submit", name: "kind", value: "set", hidden: true });
  form().elements.values.value = valued(label);
  form().append(set);
  set.click(); // htmx sends the button that was clicked
}

queue?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-key]");
  if (!button) return;
  if ("other" in button.dataset) other(button);
  else if (button.value === "accept") form().elements.values.value = valued(form().dataset.suggested);
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || picking()) return;
  if (event.target.closest("input, select, textarea, dialog, [popover]")) return;
  const button = form()?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button || !queue.dataset.row || queue.querySelector(".htmx-request")) return;
  event.preventDefault();
  button.click();
});

// The next row is there and htmx knows its form: keys act from here on, and screen readers begin to read it.
document.addEventListener("htmx:afterSettle", () => {
  if (!queue) return;
  queue.dataset.row = form()?.elements.row.value ?? "";
  if (!picking()) queue.focus({ preventScroll: true });
});
document.addEventListener("htmx:beforeSwap", () => queue && delete queue.dataset.row);
