// The table of rows, by keyboard: moving, labelling, leaving out, taking back. One row has the focus; keys act on it.
import { edit, isOpen as editing } from "./editor.js";
import { labels } from "./labels.js";
import { isOpen as picking, pick } from "./picker.js";
import { isWaiting, listen, save, said } from "./save.js";
import { toast } from "../toasts.js";

const page = () => document.getElementById("rows");
const all = () => [...page().querySelectorAll("tr[data-row]")];
const byUrl = (url) => all().find((row) => row.dataset.url === url);
const picks = () => page().dataset.editor === "picker";
const texts = page().dataset;

function focus(row) {
  if (!row) return;
  for (const other of all()) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function step(from, by) {
  const rows = all();
  const row = rows[rows.indexOf(from) + by];
  if (row) focus(row);
}

function turn(address) {
  if (address) location.assign(address);
}

// --- answers --------------------------------------------------------------------------------------------------------

async function label(row, options) {
  const cell = row.querySelector("[data-role=label]") ?? row;
  const chosen = await pick(cell, { first: row.dataset.label, ...options });
  const now = byUrl(row.dataset.url) ?? row;
  focus(now);
  if (chosen === null) return;
  step(now, 1);
  await save(row.dataset.url, "set", { label: chosen });
}

async function open(row, plain = false) {
  const answer = await fetch(row.dataset.url, { headers: { Accept: "application/json" } })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  if (!answer) return toast({ text: texts.textUnsaved, tone: "bad" });
  await edited(row, answer, plain, answer.values);
}

// Refused: the dialog comes back with what was typed.
async function edited(row, answer, plain, values) {
  const made = await edit(values, answer.answers, { plain });
  const here = byUrl(row.dataset.url) ?? row;
  focus(here);
  if (!made) return;
  const url = row.dataset.url;
  const kept = await save(url, "set", { ...changed(values, answer.stored), ...made.values });
  if (!kept && !isWaiting(url)) return edited(row, answer, plain, { ...values, ...made.values });
  if (made.next) {
    const rows = all();
    const next = rows[rows.indexOf(byUrl(url)) + 1];
    if (next) {
      focus(next);
      open(next, plain);
    }
  }
}

// The draft so far goes with it: an answer says the whole of what differs.
function changed(values, stored) {
  return Object.fromEntries(Object.entries(values).filter(([role, value]) => value !== stored[role]));
}

listen((url, state, answer) => {
  const row = byUrl(url);
  if (state === "refused") toast({ text: said(answer), tone: "bad" });
  if (state === "unsaved") toast({ id: "toast-unsaved", text: texts.textUnsaved, tone: "bad", stay: true });
  if (state === "saved") document.getElementById("toast-unsaved")?.remove();
  if (!row) return;
  row.dataset.state = state;
  if (state === "saved") replace(row, answer);
});

function replace(row, answer) {
  const held = document.createElement("tbody");
  held.innerHTML = answer.html;
  const fresh = held.firstElementChild;
  fresh.dataset.state = "saved";
  fresh.tabIndex = row.tabIndex;
  const focused = row === document.activeElement || row.contains(document.activeElement);
  row.replaceWith(fresh);
  if (focused) fresh.focus();
  document.getElementById("draft-size").textContent = `(${answer.draft_size})`;
  document.getElementById("draft-actions").classList.toggle("hidden", answer.draft_size === 0);
}

// --- keys -----------------------------------------------------------------------------------------------------------

const MOVES = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
const ANSWERS = { x: "drop", u: "undo" };

function onRow(row, event) {
  const { key } = event;
  if (MOVES[key]) return step(row, MOVES[key]), true;
  if (key === "n") return turn(page().dataset.next), true;
  if (key === "p") return turn(page().dataset.before), true;
  if (!("canEdit" in page().dataset)) return false;
  if (ANSWERS[key]) return save(row.dataset.url, ANSWERS[key]), true;
  if (key === "e") return open(row, true), true;
  if (key === "Enter") return picks() ? label(row) : open(row), true;
  return picks() && byLabel(row, key);
}

function byLabel(row, key) {
  if (/^[1-9]$/.test(key) && labels[key - 1] !== undefined) return label(row, { first: labels[key - 1] }), true;
  if (/^\p{L}$/u.test(key)) return label(row, { typed: key }), true;
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || editing() || picking()) return;
  if (event.target.closest("input, select, textarea, dialog")) return;
  const row = event.target.closest("tr[data-row]");
  if (event.key === "?") document.getElementById("keys").showModal();
  else if (event.key === "/") document.getElementById("row-search").focus();
  else if (!row && MOVES[event.key] && !event.target.closest("button, a")) focus(all()[0]);
  else if (!row || event.target.closest("button, a") || !onRow(row, event)) return;
  event.preventDefault();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (!row) return;
  const act = event.target.closest("[data-act]")?.dataset.act;
  focus(row);
  if (act === "edit") return picks() ? label(row) : open(row);
  if (act) save(row.dataset.url, act);
});
document.addEventListener("dblclick", (event) => {
  const row = event.target.closest("tr[data-row]");
  if (row && "canEdit" in page().dataset) picks() ? label(row) : open(row);
});

function start() {
  if (all()[0]) all()[0].tabIndex = 0;
  page().dataset.ready = "yes"; // from here on the keys are heard
}
start();
document.addEventListener("htmx:afterSwap", start);
