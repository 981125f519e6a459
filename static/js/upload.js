// <c-dropzone>: drag and drop or a chosen file, sent at once with a progress bar. With data-tus the file goes there in pieces and
// survives a broken connection (tus.js); otherwise, and where that is not offered, the form goes to its action in one request.
// The server answers JSON: {"location": url} to go to, or a problem {"title", "found", "remedy"}.
import { Sending } from "./tus.js";
import { unfinished } from "./unfinished.js";

const part = (box, name) => box.querySelector(`[data-${name}]`);

const size = new Intl.NumberFormat(document.documentElement.lang || "en", { maximumFractionDigits: 1 });
const megabytes = (bytes) => `${size.format(bytes / 1e6)} MB`;

function show(box, { title = "", found = "", remedy = "" }) {
  part(box, "problem-title").textContent = title;
  part(box, "problem-found").textContent = found;
  part(box, "problem-remedy").textContent = remedy;
  part(box, "problem").hidden = false;
  reset(box);
}

function reset(box) {
  const inside = part(box, "sending").contains(document.activeElement);
  part(box, "sending").hidden = true;
  delete part(box, "zone").dataset.busy;
  const input = box.querySelector('input[type="file"]');
  input.disabled = false;
  input.value = "";
  part(box, "chosen").textContent = "";
  if (inside) input.focus();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function tellProblem(box, answer) {
  if (answer?.title) return show(box, { ...answer, found: answer.found || answer.incident || "" });
  show(box, { title: box.dataset.textFailed, remedy: box.dataset.textServer });
}

function done(box, request) {
  const answer = parse(request.responseText);
  if (request.status < 400 && answer?.location) return location.assign(answer.location);
  tellProblem(box, answer);
}

function progress(box, event) {
  const bar = box.querySelector("progress");
  if (!event.lengthComputable) return;
  bar.value = (100 * event.loaded) / event.total;
  part(box, "amount").textContent = `${megabytes(event.loaded)} / ${megabytes(event.total)}`;
  if (event.loaded >= event.total) {
    // All is sent; the server reads it now, for as long as that takes.
    bar.removeAttribute("value");
    part(box, "state").textContent = box.dataset.textChecking;
  }
}

function begin(box, file) {
  part(box, "problem").hidden = true;
  part(box, "sending").hidden = false;
  part(box, "pause").hidden = true;
  part(box, "chosen").textContent = "";
  part(box, "zone").dataset.busy = "yes";
  part(box, "name").textContent = file.name;
  part(box, "amount").textContent = megabytes(file.size);
  part(box, "state").textContent = box.dataset.textSending;
  box.querySelector("progress").value = 0;
}

const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// What the form holds besides the file; it comes into the address of the next page.
function saidIn(form) {
  const plain = [...new FormData(form)].filter(([name, value]) => typeof value === "string" && value && name !== "csrfmiddlewaretoken");
  return Object.fromEntries(plain);
}

// "resumed" stays on show while it sends: that it did not begin anew is what people look for.
function tell(box, file, state, bytes) {
  const shown = part(box, "state");
  const percent = Math.floor((100 * bytes) / file.size);
  const words = {
    sending: shown.dataset.is === "resumed" ? shown.textContent : box.dataset.textSending,
    resumed: box.dataset.textResumed?.replace("{percent}", `${percent} %`),
    waiting: box.dataset.textWaiting,
    paused: box.dataset.textPaused,
    checking: box.dataset.textChecking,
  };
  // Written only when it changes: a screen reader says it each time.
  if (shown.textContent !== words[state]) shown.textContent = words[state];
  if (state !== "sending") shown.dataset.is = state;
  shown.classList.toggle("text-warn", state === "waiting");
  box.querySelector("progress").classList.toggle("progress-warn", state === "waiting");
  pausable(box, state);
  if (bytes !== undefined) fillBar(box, file, state, bytes, percent);
}

function fillBar(box, file, state, bytes, percent) {
  const bar = box.querySelector("progress");
  if (state === "checking") bar.removeAttribute("value");
  else bar.value = (100 * bytes) / file.size;
  part(box, "amount").textContent = `${percent} % · ${megabytes(bytes)} / ${megabytes(file.size)}`;
}

function pausable(box, state) {
  const button = part(box, "pause");
  button.hidden = state === "checking";
  button.textContent = state === "paused" ? box.dataset.textResume : box.dataset.textPause;
}

async function sendInPieces(box, form, file) {
  begin(box, file);
  delete part(box, "state").dataset.is;
  const sending = new Sending(file, {
    endpoint: box.dataset.tus,
    said: saidIn(form),
    token: token(),
    tell: (state, bytes) => tell(box, file, state, bytes),
  });
  const pause = part(box, "pause");
  pause.hidden = false;
  pause.textContent = box.dataset.textPause;
  pause.onclick = () => (sending.paused ? sending.resume() : sending.pause());
  part(box, "abort").onclick = () => {
    sending.cancel();
    reset(box);
  };
  hand(box, pause);
  const end = await sending.run();
  if (end.location) return location.assign(end.location);
  if (sending.cancelled) return null;
  if (end.unsupported) return sendAtOnce(box, form, file);
  tellProblem(box, end.problem);
}

// The input takes no second file meanwhile. Who is at it with the keyboard must not fall off the page.
function hand(box, to) {
  const input = box.querySelector('input[type="file"]');
  const inside = document.activeElement === input;
  input.disabled = true;
  if (inside) to.focus();
}

function sendAtOnce(box, form, file) {
  const input = box.querySelector('input[type="file"]');
  const data = new FormData(form);
  data.set(input.name, file, file.name);
  begin(box, file);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  if (token()) request.setRequestHeader("X-CSRFToken", token());
  request.upload.addEventListener("progress", (event) => progress(box, event));
  request.addEventListener("load", () => done(box, request));
  // A server that refuses early closes the connection before it has read the body: the browser only sees that.
  request.addEventListener("error", () => show(box, { title: box.dataset.textFailed, remedy: box.dataset.textOffline }));
  request.addEventListener("abort", () => reset(box));
  part(box, "abort").onclick = () => request.abort();
  request.send(data);
  hand(box, part(box, "abort"));
}

function refused(box, file) {
  const limit = Number(box.dataset.max || 0);
  if (!limit || file.size <= limit) return false;
  show(box, { title: box.dataset.maxText, found: `${file.name} · ${megabytes(file.size)}` });
  return true;
}

function chosen(box, file) {
  const form = box.closest("form");
  if (!file || !form) return;
  part(box, "chosen").textContent = file.name;
  if (refused(box, file)) return;
  if (!("auto" in box.dataset)) return;
  if (box.dataset.tus) sendInPieces(box, form, file);
  else sendAtOnce(box, form, file);
}

// After the page was left: the same file goes on where it stopped.
function remind(box) {
  const form = box.closest("form");
  const names = box.dataset.tus && form ? unfinished(box.dataset.tus, saidIn(form)) : [];
  if (names.length) part(box, "chosen").textContent = box.dataset.textUnfinished.replace("{name}", names.join(", "));
}

function prepare(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = "yes";
  const input = box.querySelector('input[type="file"]');
  const zone = part(box, "zone");
  input.addEventListener("change", () => chosen(box, input.files[0]));
  for (const name of ["dragenter", "dragover"]) zone.addEventListener(name, () => (zone.dataset.over = "yes"));
  for (const name of ["dragleave", "drop"]) zone.addEventListener(name, () => delete zone.dataset.over);
  if (!("auto" in box.dataset)) return;
  // The submit button is for those without JavaScript.
  for (const button of box.querySelectorAll("[data-no-script]")) button.hidden = true;
  remind(box);
}

// A file dropped beside the zone must not make the browser leave the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => {
    if (!event.target.closest?.('input[type="file"]')) event.preventDefault();
  });
}

const all = (root) => root.querySelectorAll("[data-upload]").forEach(prepare);
all(document);
document.addEventListener("htmx:load", (event) => all(event.target));
