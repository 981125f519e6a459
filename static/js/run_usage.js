// What the run takes of the machine, over the minutes: run.js hands the events on.
import { clear, draw, extend } from "./charts.js";

const root = document.getElementById("usage");
const figures = root && JSON.parse(document.getElementById("usage-figures").textContent);
const chart = (name) => root.querySelector(`[data-chart-usage="${name}"]`);
const GB = 1e9;
let attempt = null;

function lines(events, ...reads) {
  return reads.map((read) => ({
    x: events.map(({ data }) => data.seconds / 60),
    y: events.map(({ data }) => read(data)),
  }));
}

function say({ cores, memory }) {
  const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  const now = root.querySelector("[data-usage-now]");
  now.textContent = now.dataset.text.replace("{cores}", format.format(cores)).replace("{memory}", format.format(memory / GB));
}

/** Adds the events of the kind `usage`; those of a new attempt begin anew. */
export function use(events) {
  const found = events.filter((event) => event.kind === "usage");
  if (!root || !found.length) return;
  const last = found.at(-1);
  if (last.attempt !== attempt) for (const name of ["machine", "gpu"]) clear(chart(name));
  attempt = last.attempt;
  const mine = found.filter((event) => event.attempt === attempt);
  root.hidden = false;
  extend(chart("machine"), lines(mine, (data) => data.cores, (data) => data.memory / GB));
  const onGpu = mine.filter(({ data }) => data.gpu !== null);
  if (onGpu.length) {
    root.querySelector("[data-usage-gpu]").hidden = false;
    extend(chart("gpu"), lines(onGpu, (data) => data.gpu, (data) => data.gpu_memory / GB));
  }
  say(last.data);
}

if (root) {
  for (const name of ["machine", "gpu"]) draw(chart(name), figures[name]);
  // A closed box has no width to draw in.
  root.addEventListener("toggle", () => root.dispatchEvent(new CustomEvent("attune:shown", { bubbles: true })));
}
