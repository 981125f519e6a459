// The dialog in which a row is changed: marks in its text, its labels, or its texts themselves.
import { slice } from "../codepoints.js";
import * as several from "./checks.js";
import { labels, learn } from "./labels.js";
import { Marking } from "./marking.js";
import * as kinds from "./marks.js";
import * as talk from "./turns.js";
import { asWritten, isTouched, keepWritten } from "./written.js";

const dialog = document.getElementById("editor");
const form = document.getElementById("editor-form");
const fields = document.getElementById("editor-fields");
const problem = document.getElementById("editor-problem");
const list = document.getElementById("marking-list");
const relation = document.getElementById("editor-label");
const other = document.getElementById("marking-other");
const page = document.getElementById("rows") ?? document.getElementById("review");
const names = JSON.parse(document.getElementById("names")?.textContent ?? "{}");
const element = document.getElementById("marking");
const kind = kinds[page?.dataset.editor];
const marking = element && new Marking(element, pickMark);
let marks = [];
let before = [];
let given = {};
let text = "";
let done = null;
let warned = false;

/** {values, next} with the values that differ, or null. `plain`: the texts themselves, whatever the data is. */
export function edit(values, answers, { plain = false } = {}) {
  given = values;
  warned = false;
  problem.textContent = "";
  const marked = Boolean(kind) && !plain;
  for (const part of form.querySelectorAll("[data-marked]")) part.hidden = !marked;
  fields.replaceChildren(...(marked ? asides(values) : inputs(values)));
  if (marked) openMarks(values);
  tellAnswers(answers);
  dialog.showModal();
  (marked ? element : fields.querySelector("[data-check-find]") ?? fields.querySelector("textarea")).focus();
  return new Promise((resolve) => (done = resolve));
}

export const isOpen = () => dialog.open;

// --- texts and lists of labels --------------------------------------------------------------------------------------

// What is read beside the text that is marked: the question of an answer.
function asides(values) {
  return names.aside ? [aside(names.roles[names.aside], values[names.aside])] : [];
}

function aside(title, value) {
  const part = document.createElement("p");
  part.className = "font-medium break-words";
  part.textContent = value;
  part.title = title;
  return part;
}

function inputs(values) {
  return Object.entries(values).map(([role, value]) => special(role, value) ?? input(role, value));
}

// What stands in JSON has fields of its own.
const holders = { turns: ["messages", talk, talk.conversation], labels: ["label", several, several.checks] };
const [listed, holder, fieldsOf] = holders[page?.dataset.editor] ?? [];

function special(role, value) {
  if (role !== listed) return null;
  const set = fieldsOf(value);
  set.dataset.holds = role;
  return set;
}

function input(role, value) {
  const field = document.createElement("div");
  field.className = "field";
  const box = document.createElement("textarea");
  box.className = "input";
  box.id = `edit-${role}`;
  box.dataset.role = role;
  box.rows = value.length > 200 ? 8 : 2;
  keepWritten(box, value);
  field.append(caption(role, box.id), box);
  return field;
}

function caption(role, id) {
  const label = document.createElement("label");
  label.className = "field-label";
  label.htmlFor = id;
  label.textContent = names.roles?.[role] ?? role;
  return label;
}

function written() {
  const said = {};
  for (const box of fields.querySelectorAll("[data-role]")) {
    if (isTouched(box)) said[box.dataset.role] = asWritten(box);
  }
  for (const set of fields.querySelectorAll("[data-holds]")) {
    if (holder.isChanged(set)) said[set.dataset.holds] = holder.written(set);
    if (holder.chosenIn) holder.chosenIn(set).forEach(learn);
  }
  return said;
}

// --- marks ----------------------------------------------------------------------------------------------------------

function openMarks(values) {
  text = values[page.dataset.textRole];
  before = [];
  marks = kind.read(values, names.marks);
  if (relation) relation.value = values.label;
  document.getElementById("marking-labels").replaceChildren(...keyed().slice(0, 40).map(button));
  draw();
}

const keyed = () => kind.labels(labels, names.marks);

function button(label, n) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = `chip span-${hue(label)}`;
  made.append(label);
  if (n < 9) {
    const key = document.createElement("kbd");
    key.textContent = n + 1;
    made.append(" ", key);
  }
  made.addEventListener("pointerdown", (event) => event.preventDefault()); // the selection stays
  made.addEventListener("click", () => put(label));
  return made;
}

function hue(label) {
  const at = keyed().indexOf(label);
  return at < 0 ? kinds.HUES : (at % kinds.HUES) + 1;
}

function put(label) {
  const place = marking.selection();
  if (!label) return;
  if (!place) {
    problem.textContent = page.dataset.textChoose;
    return;
  }
  change(kind.put(marks, place, label));
  marking.select(place.end, place.end);
}

function change(fresh) {
  before.push(marks);
  marks = fresh;
  problem.textContent = "";
  draw();
}

function draw() {
  marking.show(text, marks.map((mark) => ({ ...mark, hue: hue(mark.name) })));
  list.replaceChildren(...marks.map(line));
}

function line(mark, index) {
  const item = document.createElement("li");
  item.className = "flex items-center gap-2";
  const words = document.createElement("bdi");
  words.className = "min-w-0 truncate";
  words.textContent = slice(text, mark.start, mark.end);
  const name = document.createElement("span");
  name.className = `chip span-${hue(mark.name)}`;
  name.textContent = mark.name;
  const place = document.createElement("span");
  place.className = "nums text-xs text-faint";
  place.textContent = `${mark.start}–${mark.end}`;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "btn btn-ghost btn-sm btn-icon";
  remove.setAttribute("aria-label", `${page.dataset.textRemove}: ${words.textContent}`);
  remove.textContent = "×";
  remove.addEventListener("click", () => change(marks.filter((_mark, n) => n !== index)));
  item.append(name, words, place, remove);
  return item;
}

function pickMark(index) {
  marking.select(marks[index].start, marks[index].end);
}

function removeHere() {
  const place = marking.selection() ?? { start: marking.cursor(), end: marking.cursor() + 1 };
  const left = marks.filter((mark) => mark.end <= place.start || mark.start >= place.end);
  if (left.length < marks.length) change(left);
}

element?.addEventListener("keydown", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && /^[1-9]$/.test(event.key)) put(keyed()[Number(event.key) - 1]);
  else if (plain && (event.key === "Delete" || event.key === "Backspace")) removeHere();
  else if (!plain && event.key === "z" && before.length) {
    marks = before.pop();
    draw();
  } else return;
  event.preventDefault();
});
other?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey) return;
  event.preventDefault();
  put(other.value.trim());
  other.value = "";
});

// --- the dialog -----------------------------------------------------------------------------------------------------

function tellAnswers(answers) {
  const shown = answers.length > 1 ? answers.map(({ who, said }) => `${who}: ${said}`) : [];
  document.getElementById("editor-answers").textContent = shown.join(" · ");
}

function values() {
  const marked = element && !element.closest("[hidden]") && kind;
  const said = marked ? kind.write(marks, text, names.marks) : written();
  if (marked && relation) said.label = relation.value.trim();
  return Object.fromEntries(Object.entries(said).filter(([role, value]) => value !== given[role]));
}

function finish(answer) {
  const resolve = done;
  done = null;
  dialog.close();
  resolve?.(answer);
}

const dirty = () => (before.length > 0 && element && !element.closest("[hidden]")) || fieldsChanged();
const fieldsChanged = () =>
  [...fields.querySelectorAll("[data-role]")].some(isTouched) ||
  [...fields.querySelectorAll("[data-holds]")].some((set) => holder.isChanged(set));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  finish({ values: values(), next: false });
});
document.getElementById("editor-next").addEventListener("click", () => finish({ values: values(), next: true }));
dialog.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) finish({ values: values(), next: true });
});
dialog.addEventListener("cancel", (event) => {
  if (!dirty() || warned) return;
  warned = true;
  event.preventDefault();
  problem.textContent = page.dataset.textLeave;
});
dialog.addEventListener("close", () => done && finish(null));
