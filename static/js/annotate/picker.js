// The list of labels beside a row: a combobox with type-ahead. Enter takes the label, Esc closes.
import { fold, labels, learn } from "./labels.js";

const picker = document.getElementById("picker");
const box = document.getElementById("picker-box");
const list = document.getElementById("picker-list");
let options = [];
let current = 0;
let done = null;

/** The label that is chosen, or null. `typed`: what stands in the box; `first`: the label that is on top. */
export function pick(beside, { typed = "", first = "" } = {}) {
  close(null);
  picker.showPopover();
  place(beside);
  box.value = typed;
  fill(first);
  box.focus();
  return new Promise((resolve) => (done = resolve));
}

export const isOpen = () => done !== null;

function close(label) {
  const resolve = done;
  done = null;
  if (picker.matches(":popover-open")) picker.hidePopover();
  learn(label);
  resolve?.(label);
}

function place(beside) {
  const around = beside.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = picker;
  picker.style.left = `${Math.max(8, Math.min(around.left, innerWidth - width - 8))}px`;
  picker.style.top = `${Math.max(8, Math.min(around.top, innerHeight - height - 8))}px`;
}

// Those that begin with what is typed come first; a label that there is not yet can be made.
function fill(first = "") {
  const typed = fold(box.value).trim();
  const found = labels.filter((label) => fold(label).includes(typed));
  found.sort((a, b) => Number(fold(b).startsWith(typed)) - Number(fold(a).startsWith(typed)));
  const fresh = typed && !labels.some((label) => fold(label) === typed) ? [box.value.trim()] : [];
  options = [...found.slice(0, 200), ...fresh];
  // A new label is never made by Enter alone: it has to be gone to.
  current = found.length ? Math.max(0, options.indexOf(first)) : -1;
  list.replaceChildren(...options.map((label, n) => option(label, n, fresh.includes(label))));
  mark();
}

function option(label, n, fresh) {
  const item = document.createElement("li");
  item.id = `picker-${n}`;
  item.role = "option";
  item.dataset.label = label;
  const number = labels.indexOf(label) + 1;
  if (number > 0 && number < 10) item.dataset.number = number;
  const name = document.createElement("bdi");
  name.textContent = label;
  item.append(name);
  if (fresh) item.prepend(`${picker.dataset.textNew}: `);
  return item;
}

function mark() {
  for (const [n, item] of [...list.children].entries()) item.setAttribute("aria-selected", n === current);
  box.setAttribute("aria-activedescendant", current >= 0 ? `picker-${current}` : "");
  list.children[current]?.scrollIntoView({ block: "nearest" });
}

box.addEventListener("input", () => fill());
box.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && options.length) {
    current = (Math.max(current, step < 0 ? 0 : -1) + step + options.length) % options.length;
    mark();
  } else if (event.key === "Enter" && !event.isComposing) current >= 0 && close(options[current]);
  else if (event.key === "Escape" || event.key === "Tab") close(null);
  else return;
  event.preventDefault();
  event.stopPropagation();
});
list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
list.addEventListener("click", (event) => {
  const item = event.target.closest("[role=option]");
  if (item) close(item.dataset.label);
});
box.addEventListener("blur", () => close(null));
