// A conversation that is changed turn by turn: who speaks, what is said, and in which order.
import { asWritten, keepWritten } from "./written.js";

const template = document.getElementById("turns-template");
const NEXT = { system: "user", user: "assistant", assistant: "user" };
const KEYS = { ArrowUp: "up", ArrowDown: "down", Enter: "add", Delete: "remove" };
const turnsOf = (set) => [...set.querySelectorAll("[data-turn-list] > li")];
const box = (turn) => turn.querySelector("textarea");

/** The fields of a conversation in JSON. */
export function conversation(value) {
  const set = template.content.firstElementChild.cloneNode(true);
  const [blank] = turnsOf(set);
  const said = parsed(value).map(({ role, content }) => filled(blank.cloneNode(true), role, content));
  if (said.length) blank.replaceWith(...said);
  check(set);
  set.dataset.shown = written(set);
  return set;
}

/** As JSON. */
export function written(set) {
  return JSON.stringify(turnsOf(set).map((turn) => ({ role: turn.querySelector("select").value, content: asWritten(box(turn)) })));
}

export const isChanged = (set) => written(set) !== set.dataset.shown;

function parsed(value) {
  try {
    return JSON.parse(value || "[]");
  } catch {
    return [];
  }
}

function filled(turn, role, content) {
  turn.querySelector("select").value = role;
  keepWritten(box(turn), content);
  return turn;
}

// Whoever speaks alone cannot be taken away, and nobody moves past the ends.
function check(set) {
  const turns = turnsOf(set);
  for (const [n, turn] of turns.entries()) {
    turn.querySelector("[data-turn-act=up]").disabled = n === 0;
    turn.querySelector("[data-turn-act=down]").disabled = n === turns.length - 1;
    turn.querySelector("[data-turn-act=remove]").disabled = turns.length === 1;
  }
}

function tell(set, text, n) {
  set.querySelector("[data-turn-said]").textContent = text.replace("{n}", n);
}

const acts = {
  add(set, turn) {
    const after = turn ?? turnsOf(set).at(-1);
    const role = NEXT[after.querySelector("select").value] ?? "user";
    const made = filled(after.cloneNode(true), role, "");
    after.after(made);
    box(made).focus();
    made.scrollIntoView({ block: "nearest" });
  },
  remove(set, turn) {
    const turns = turnsOf(set);
    if (turns.length === 1) return;
    const left = turns[turns.indexOf(turn) + 1] ?? turns[turns.indexOf(turn) - 1];
    turn.remove();
    box(left).focus();
    tell(set, set.dataset.textRemoved);
  },
  up: (set, turn) => move(set, turn, turn.previousElementSibling, "before"),
  down: (set, turn) => move(set, turn, turn.nextElementSibling, "after"),
};

// What had the focus keeps it, so that a key can be pressed again; a button that has become useless cannot.
function move(set, turn, other, where) {
  if (!other) return;
  const focused = document.activeElement;
  other[where](turn);
  check(set);
  (turn.contains(focused) && !focused.disabled ? focused : box(turn)).focus();
  tell(set, set.dataset.textMoved, turnsOf(set).indexOf(turn) + 1);
}

function act(name, target) {
  const set = target.closest("[data-turns]");
  acts[name](set, target.closest("[data-turn-list] > li"));
  check(set);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-turn-act]");
  if (button) act(button.dataset.turnAct, button);
});
document.addEventListener("keydown", (event) => {
  if (!event.altKey || event.ctrlKey || event.metaKey || !KEYS[event.key]) return;
  if (!event.target.matches("[data-turn-list] textarea")) return;
  event.preventDefault();
  act(KEYS[event.key], event.target);
});
for (const set of document.querySelectorAll("[data-turns]")) check(set);
