// Sending answers. What could not be sent is kept, also over a reload of the page, and sent again by itself.
import { toast } from "../toasts.js";

const KEPT = "attune:unsaved";
const AGAIN = 4000; // milliseconds
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const waiting = new Map(Object.entries(read()));
const listeners = new Set();

/** `listener(url, state, answer)`: state is saving, saved, unsaved (it goes on by itself) or refused. */
export function listen(listener) {
  listeners.add(listener);
}

/** Sends an answer to a row. Gives the server's answer; null where it is refused (`refused` has said why) or waits. */
export async function save(url, kind, values = {}) {
  waiting.set(url, { kind, values });
  keep();
  return send(url);
}

export const isWaiting = (url) => waiting.has(url);

async function send(url) {
  const asked = waiting.get(url);
  tell(url, "saving");
  let response;
  try {
    response = await fetch(url, { method: "POST", body: body(asked), headers: headers() });
    if (response.status >= 500) throw new Error(response.status);
  } catch {
    tell(url, "unsaved");
    return null;
  }
  // Said anew meanwhile: that one is still to be sent.
  if (waiting.get(url) === asked) waiting.delete(url);
  keep();
  const answer = await response.json().catch(() => ({}));
  tell(url, response.ok ? "saved" : "refused", answer);
  return response.ok ? answer : null;
}

function body({ kind, values }) {
  const form = new FormData();
  form.append("kind", kind);
  // JSON, because a form would turn line breaks into others.
  form.append("values", JSON.stringify(values));
  return form;
}

const headers = () => ({ Accept: "application/json", "X-CSRFToken": token });

function tell(url, state, answer) {
  for (const listener of listeners) listener(url, state, answer);
}

/** The words of a problem, as the server gives them. */
export function said(answer) {
  return [answer.title, answer.found, answer.remedy].filter(Boolean).join(" ");
}

async function again() {
  for (const url of [...waiting.keys()]) await send(url);
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function keep() {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(waiting)));
  } catch {
    // A full or forbidden storage: what waits is in the page only.
  }
}

setInterval(() => waiting.size && again(), AGAIN);
addEventListener("online", again);
addEventListener("beforeunload", (event) => {
  if (waiting.size) event.preventDefault();
});

export function tellRefused(answer) {
  toast({ text: said(answer), tone: "bad" });
}
