// <c-dropzone>: drag and drop or a chosen file, sent at once with a progress bar. The form's action is the target.
// The server answers JSON: {"location": url} to go to, or a problem {"title", "found", "remedy"}.
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
  part(box, "sending").hidden = true;
  delete part(box, "zone").dataset.busy;
  const input = box.querySelector('input[type="file"]');
  input.disabled = false;
  input.value = "";
  part(box, "chosen").textContent = "";
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function done(box, request) {
  const answer = parse(request.responseText);
  if (request.status < 400 && answer?.location) return location.assign(answer.location);
  if (answer?.title) return show(box, { ...answer, found: answer.found || answer.incident || "" });
  show(box, { title: box.dataset.textFailed, remedy: box.dataset.textServer });
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
  part(box, "zone").dataset.busy = "yes";
  part(box, "name").textContent = file.name;
  part(box, "amount").textContent = megabytes(file.size);
  part(box, "state").textContent = box.dataset.textSending;
  box.querySelector("progress").value = 0;
}

function send(box, form, file) {
  const input = box.querySelector('input[type="file"]');
  const data = new FormData(form);
  data.set(input.name, file, file.name);
  begin(box, file);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  const token = document.querySelector('meta[name="csrf-token"]')?.content;
  if (token) request.setRequestHeader("X-CSRFToken", token);
  request.upload.addEventListener("progress", (event) => progress(box, event));
  request.addEventListener("load", () => done(box, request));
  // A server that refuses early closes the connection before it has read the body: the browser only sees that.
  request.addEventListener("error", () => show(box, { title: box.dataset.textFailed, remedy: box.dataset.textOffline }));
  request.addEventListener("abort", () => reset(box));
  part(box, "abort").onclick = () => request.abort();
  request.send(data);
  input.disabled = true;
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
  if ("auto" in box.dataset) send(box, form, file);
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
