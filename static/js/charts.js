// Draws the figures that projects/runs/charts.py describes, once <script id="plotly" async> has come: it is large, and the
// page works before it is there.
// <div data-chart="url"> fetches its figure; <div data-chart-live="loss|scores"> is filled by run.js through `extend`.
import { color } from "./theme.js";

const plotly = new Promise((resolve) => {
  if (window.Plotly) resolve(window.Plotly);
  document.getElementById("plotly")?.addEventListener("load", () => resolve(window.Plotly));
});
const drawn = new Map(); // element -> the figure with the names of tokens in it
const CONFIG = { displayModeBar: false, responsive: true, showTips: false };

// Every "--token" in the figure becomes the colour that it has now.
function painted(value) {
  if (typeof value === "string") return /^--[a-z0-9-]+$/.test(value) ? color(value) || value : value;
  if (Array.isArray(value)) return value.map(painted);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item)]));
  }
  return value;
}

function axis(given = {}) {
  const line = { gridcolor: "--chart-grid", linecolor: "--chart-grid", zerolinecolor: "--chart-grid" };
  const title = given.title && { ...given.title, font: { size: 12 } };
  return { ...line, automargin: true, fixedrange: true, ...given, title };
}

function layout(given) {
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: "--chart-ink" };
  return painted({
    font,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 16, t: 12, b: 40 },
    hovermode: "closest",
    // A finger that scrolls the page would zoom instead.
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    hoverlabel: { bgcolor: "--surface", bordercolor: "--line-strong", font: { ...font, color: "--ink" } },
    ...given,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, xanchor: "left", ...given.legend },
    xaxis: axis(given.xaxis),
    yaxis: axis(given.yaxis),
    ...(given.yaxis2 && { yaxis2: axis(given.yaxis2) }),
  });
}

/** Draws the figure in the element, or draws it again with what has changed. */
export async function draw(element, figure) {
  drawn.set(element, figure);
  // The size stands before the chart does, so that nothing below it jumps.
  if (figure.layout.height) element.style.height = `${figure.layout.height}px`;
  if (figure.min_width) element.style.minWidth = `${figure.min_width}px`;
  const Plotly = await plotly;
  return Plotly.react(element, painted(figure.data), layout(figure.layout), CONFIG);
}

/** Adds points: `added[i]` is {x: […], y: […]} of the i-th line. Nothing is drawn anew but the lines. */
export function extend(element, added) {
  const figure = drawn.get(element);
  const lines = added.map((_line, index) => index).filter((index) => added[index].x.length);
  if (!figure || !lines.length) return;
  for (const index of lines) {
    figure.data[index].x.push(...added[index].x);
    figure.data[index].y.push(...added[index].y);
  }
  draw(element, figure);
}

/** Takes away the points beyond `most` on the x axis. */
export function clear(element, most = -Infinity) {
  const figure = drawn.get(element);
  for (const line of figure?.data ?? []) {
    line.y = line.y.filter((_value, index) => line.x[index] <= most);
    line.x = line.x.filter((value) => value <= most);
  }
}

async function load(element) {
  element.dataset.ready = "yes";
  try {
    const answer = await fetch(element.dataset.chart, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${answer.status}`);
    await draw(element, await answer.json());
    listen(element);
    element.removeAttribute("aria-busy");
  } catch {
    element.removeAttribute("aria-busy");
    element.textContent = element.dataset.failed ?? "";
  }
}

function listen(element) {
  if (!element.dataset.chartCells || element.dataset.listening) return;
  element.dataset.listening = "yes";
  element.on("plotly_click", (event) => choose(element, event.points[0]));
}

// A click on a cell of the matrix sets the two selects beside it: the keyboard's way to the same rows.
function choose(element, point) {
  const form = document.getElementById(element.dataset.chartCells);
  if (!form) return;
  const [row, column] = point.pointIndex ?? point.pointNumber;
  form.elements.true.value = point.data.meta[row];
  form.elements.predicted.value = point.data.meta[column];
  form.requestSubmit();
}

// <button data-chart-switch="id of a chart" data-url=…>: another figure in its place.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-chart-switch]");
  if (!button) return;
  for (const other of button.parentElement.children) other.setAttribute("aria-pressed", `${other === button}`);
  const element = document.getElementById(button.dataset.chartSwitch);
  element.dataset.chart = button.dataset.url;
  load(element);
});

// A chart is loaded shortly before it comes into sight: a hidden tab has no width to draw in.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || target.dataset.ready) continue;
    seen.unobserve(target);
    load(target);
  }
}, { rootMargin: "600px" });

const all = (root) => root.querySelectorAll("[data-chart]:not([data-ready])").forEach((one) => seen.observe(one));
all(document);
document.addEventListener("htmx:load", (event) => all(event.target.parentElement ?? event.target));
document.addEventListener("attune:theme", () => {
  for (const [element, figure] of drawn) if (element.isConnected) draw(element, figure);
});
document.addEventListener("attune:shown", (event) => {
  for (const element of drawn.keys()) {
    if (event.target.contains(element)) plotly.then((Plotly) => Plotly.Plots.resize(element));
  }
});
