// The charts of a run while it trains: asks for the events since the last one and lets the lines grow.
import { clear, draw, extend } from "./charts.js";
import { use } from "./run_usage.js";

const root = document.getElementById("live");
const PAUSE = 1500; // milliseconds between two questions
const PATIENCE = 15000; // after a failed one, at most
const LIMIT = 10000; // for an answer: after a sleep, one may never come
const figures = JSON.parse(document.getElementById("live-figures").textContent);
const charts = {
  loss: root.querySelector('[data-chart-live="loss"]'),
  scores: root.querySelector('[data-chart-live="scores"]'),
};
let since = 0;
let attempt = null;
let from = null; // the epoch after which a new attempt goes on, until its first point; -1: from the start
let wait = PAUSE;
let timer = null;
let asking = false;
const KEPT = 0.95; // of the smoothed loss, at every step
let trend = { sum: 0, weight: 0 };

const points = () => ({ x: [], y: [] });
function add(line, x, y) {
  line.x.push(x);
  line.y.push(y ?? null); // a loss that is no number leaves a gap
}

const POINTS = new Set(["step", "scored"]);

// Another attempt goes on after an epoch that had been saved, or begins again: what was drawn of later ones goes.
function restart(events) {
  let kept = [];
  for (const event of events) {
    if (attempt !== null && event.attempt !== attempt) from = -1;
    attempt = event.attempt;
    if (event.kind === "resumed") from = event.data.epoch;
    if (POINTS.has(event.kind) && from !== null) {
      kept = kept.filter(({ kind, data }) => !POINTS.has(kind) || data.epoch <= from);
      back(from);
      from = null;
    }
    kept.push(event);
  }
  return kept;
}

function back(epoch) {
  if (epoch < 0) trend = { sum: 0, weight: 0 };
  for (const chart of Object.values(charts)) clear(chart, epoch);
  for (const row of root.querySelectorAll("tr[data-epoch]")) if (row.dataset.epoch > epoch) row.remove();
}

// A running mean that is right from the first step on.
function smoothed(loss) {
  if (loss === null) return null;
  trend.sum = KEPT * trend.sum + (1 - KEPT) * loss;
  trend.weight = KEPT * trend.weight + (1 - KEPT);
  return trend.sum / trend.weight;
}

// Shares that differ by a hair must not fill the whole height: down to the next tenth, up to 100 %.
function frame(scores) {
  const lines = figures.scores.data;
  const shares = lines.flatMap((line, index) => (line.form === "share" ? line.y.concat(scores[index].y) : []));
  const all = shares.filter((value) => value !== null);
  const axis = lines[0]?.form === "share" ? figures.scores.layout.yaxis : figures.scores.layout.yaxis2;
  if (all.length && axis) axis.range = [Math.max(0, Math.floor(Math.min(...all) * 10 - 0.3) / 10), 1];
}

function grow(events) {
  if (!events.length) return;
  const loss = figures.loss.data.map(points);
  const scores = figures.scores.data.map(points);
  const lines = [
    [figures.loss, loss],
    [figures.scores, scores],
  ];
  const mine = restart(events);
  use(mine);
  for (const { kind, data } of mine) {
    if (kind === "step") {
      add(loss[0], data.epoch, data.loss);
      add(loss[1], data.epoch, smoothed(data.loss));
    }
    if (kind !== "scored" || drawn(data.epoch)) continue;
    if (data.valid_loss !== null) add(loss[2], data.epoch, data.valid_loss);
    for (const [figure, added] of lines) {
      figure.data.forEach(({ meta }, index) => meta && add(added[index], data.epoch, data.metrics[meta]));
    }
    describe(data);
  }
  frame(scores);
  extend(charts.loss, loss);
  extend(charts.scores, scores);
}

// An epoch that was judged right before an interruption is judged again.
const drawn = (epoch) => figures.scores.data.concat(figures.loss.data.slice(2)).some(({ x }) => x.at(-1) >= epoch);

// The same in words, a row an epoch: for those who do not see the charts.
function describe(scored) {
  const body = root.querySelector("tbody[data-epochs]");
  const row = body.querySelector(`[data-epoch="${scored.epoch}"]`) ?? body.insertRow();
  row.dataset.epoch = scored.epoch;
  row.replaceChildren();
  const { lang } = document.documentElement;
  const percent = new Intl.NumberFormat(lang, { style: "percent", minimumFractionDigits: 1 });
  const decimal = new Intl.NumberFormat(lang, { maximumFractionDigits: 4 });
  const shown = (value, format) => (value === null || value === undefined ? "–" : format.format(value));
  const heads = [...root.querySelectorAll("th[data-figure]")];
  const cells = [
    scored.epoch,
    shown(scored.train_loss, decimal),
    shown(scored.valid_loss, decimal),
    ...heads.map(({ dataset }) => shown(scored.metrics[dataset.figure], dataset.form === "share" ? percent : decimal)),
  ];
  for (const text of cells) Object.assign(row.insertCell(), { textContent: text, className: "num" });
  if (!scored.best) return;
  for (const other of body.querySelectorAll("[data-best]")) delete other.dataset.best;
  row.dataset.best = "yes";
}

// From the first answer on, the axis is as wide as the training will be long.
function stretch(epochs) {
  for (const [name, figure] of Object.entries(figures)) {
    if (figure.layout.xaxis.range?.[1] === epochs * 1.02) continue;
    figure.layout.xaxis.range = [-0.02 * epochs, epochs * 1.02];
    draw(charts[name], figure);
  }
}

async function ask() {
  if (asking || document.hidden) return;
  asking = true;
  let ended = false;
  try {
    const answer = await fetch(`${root.dataset.series}?since=${since}`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(LIMIT) });
    if (answer.status === 204) wait = PAUSE;
    else ended = take(await read(answer));
  } catch {
    wait = Math.min(PATIENCE, (wait || PAUSE) * 2);
  }
  asking = false;
  clearTimeout(timer);
  if (!ended) timer = setTimeout(ask, wait);
}

async function read(answer) {
  if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
  return answer.json();
}

// Whether that was all of a run that has ended.
function take(news) {
  since = news.since;
  if (news.epochs) stretch(news.epochs);
  grow(news.events);
  wait = news.events.length && news.more ? 0 : PAUSE;
  return news.ended && !news.events.length;
}

for (const [name, chart] of Object.entries(charts)) draw(chart, figures[name]);
// A tab that was hidden, or a laptop that slept, catches up at once.
document.addEventListener("visibilitychange", ask);
globalThis.addEventListener("online", ask);
ask();
