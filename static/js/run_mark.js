// The box in which two things of a text are marked: what is selected in it becomes head or tail. Places are code points.
import { toCodePoints, toUtf16 } from "./codepoints.js";

const SIDES = { head: 1, tail: 2 };

// The form comes with the results, which may come long after the page.
const form = () => document.getElementById("try-form");
const box = () => form().elements.text;
const place = (side, end) => form().elements[`${side}_${end}`];

function mark(side) {
  const { selectionStart: from, selectionEnd: to, value } = box();
  if (from === to) return;
  place(side, "start").value = toCodePoints(value, from);
  place(side, "end").value = toCodePoints(value, to);
  show();
}

function forget() {
  for (const side of Object.keys(SIDES)) place(side, "start").value = place(side, "end").value = "";
  show();
}

function marks(text) {
  return Object.keys(SIDES)
    .filter((side) => place(side, "start").value !== "")
    .map((side) => ({
      side,
      from: toUtf16(text, Number(place(side, "start").value)),
      to: toUtf16(text, Number(place(side, "end").value)),
    }))
    .sort((a, b) => a.from - b.from);
}

// Below the box, the text with its marks: a text area cannot show them.
function show() {
  const shown = document.getElementById("try-marked");
  const text = box().value;
  const found = marks(text);
  let at = 0;
  const parts = found.flatMap(({ side, from, to }) => {
    const begin = Math.max(at, from);
    const part = document.createElement("mark");
    part.className = `span span-${SIDES[side]}`;
    part.dataset.name = shown.dataset[side];
    part.textContent = text.slice(begin, to);
    const spoken = document.createElement("span");
    spoken.className = "sr-only";
    spoken.textContent = ` (${shown.dataset[side]})`;
    part.append(spoken);
    const before = text.slice(at, begin);
    at = Math.max(at, to);
    return [before, part];
  });
  shown.replaceChildren(...(found.length ? [...parts, text.slice(at)] : []));
}

document.addEventListener("click", (event) => {
  const side = event.target.closest("#try-marks [data-mark]")?.dataset.mark;
  if (side === "none") forget();
  else if (side) mark(side);
});

document.addEventListener("keydown", (event) => {
  const side = { Digit1: "head", Digit2: "tail" }[event.code];
  if (!event.altKey || !side || event.target.form !== form() || event.target !== box()) return;
  event.preventDefault();
  mark(side);
});

// Places in a text that has changed mean nothing any more.
document.addEventListener("input", (event) => {
  if (form() && event.target === box()) forget();
});
document.addEventListener("attune:filled", () => form() && show());

function ready() {
  const buttons = document.getElementById("try-marks");
  if (buttons) buttons.hidden = false;
}
document.addEventListener("htmx:afterSettle", ready);
ready();
