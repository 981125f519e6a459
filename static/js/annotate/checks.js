// Several labels of a row: found by their words, checked, and made where there is none of that name yet.
import { fold, labels } from "./labels.js";

const template = document.getElementById("checks-template");
const lines = (set) => [...set.querySelectorAll("[data-check-list] label")];
const boxOf = (line) => line.querySelector("input");

/** The fields of the labels in a JSON list. */
export function checks(value) {
  const set = template.content.firstElementChild.cloneNode(true);
  const chosen = JSON.parse(value || "[]").map(String);
  set.dataset.shown = JSON.stringify(chosen);
  for (const label of new Set([...labels, ...chosen])) line(set, label).checked = chosen.includes(label);
  return set;
}

/** As a JSON list: what was checked before in its order, then what has been added. */
export function written(set) {
  const now = lines(set).map(boxOf).filter((box) => box.checked).map((box) => box.value);
  const before = JSON.parse(set.dataset.shown ?? "[]").filter((label) => now.includes(label));
  return JSON.stringify([...before, ...now.filter((label) => !before.includes(label))]);
}

export const isChanged = (set) => written(set) !== set.dataset.shown;

/** Labels that are checked, to be offered from now on. */
export const chosenIn = (set) => JSON.parse(written(set));

// The box of a label, which is made where there is none.
function line(set, label) {
  const there = lines(set).map(boxOf).find((box) => box.value === label);
  if (there) return there;
  const made = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "label_chosen", value: label });
  const name = document.createElement("bdi");
  name.textContent = label;
  made.append(box, name);
  set.querySelector("[data-check-list]").append(made);
  return box;
}

const typed = (set) => set.querySelector("[data-check-find]").value.trim();

function narrow(set) {
  const asked = fold(typed(set));
  for (const line of lines(set)) line.hidden = !fold(boxOf(line).value).includes(asked);
  const fresh = set.querySelector("[data-check-new]");
  fresh.hidden = !asked || lines(set).some((line) => fold(boxOf(line).value) === asked);
  fresh.querySelector("bdi").textContent = typed(set);
}

function found(set) {
  const shown = lines(set).filter((line) => !line.hidden);
  return shown.find((line) => fold(boxOf(line).value) === fold(typed(set))) ?? shown[0];
}

function settle(set) {
  const find = set.querySelector("[data-check-find]");
  find.value = "";
  narrow(set);
  find.focus();
}

// A new label is never made by Enter alone: the button that makes it gets the focus first.
function enter(set) {
  if (!typed(set)) return;
  const line = found(set);
  if (!line) return set.querySelector("[data-check-new]").focus();
  boxOf(line).checked = !boxOf(line).checked;
  settle(set);
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-check-find]")) narrow(event.target.closest("[data-checks]"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
  if (!event.target.matches("[data-check-find]")) return;
  event.preventDefault();
  enter(event.target.closest("[data-checks]"));
});
document.addEventListener("click", (event) => {
  const fresh = event.target.closest("[data-check-new]");
  if (!fresh) return;
  const set = fresh.closest("[data-checks]");
  const box = line(set, typed(set));
  box.checked = true;
  settle(set);
  box.scrollIntoView({ block: "nearest" });
});
