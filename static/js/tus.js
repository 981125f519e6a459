// Sends a file in pieces (tus 1.0), so that a broken connection loses one piece and not the upload.
//
//   const sending = new Sending(file, { endpoint, said, token, tell });
//   const end = await sending.run();   // {location} | {status, problem} | {cancelled: true} | {unsupported: true}
//   sending.pause(); sending.resume(); sending.cancel();
//
// tell(state, bytes) is called as it goes: "sending", "resumed", "waiting" (no connection; it tries again by itself), "paused",
// "checking" (all is there and looked at). The file is never read as a whole: the browser reads a slice as it sends it.
import { forget, keyOf, recall, remember } from "./unfinished.js";

const PIECE = 8 * 1024 * 1024;
const WAITS = [1, 2, 4, 8, 15, 30]; // seconds before the next try; the last one stays
// Milliseconds without a byte sent or an answer: for a piece, and for the last one, after which the whole file is looked at.
const PATIENCE = 30_000;
const LOOKING = 600_000;
// What passes by itself. 409 and 423: another request has written meanwhile; 460: a piece was damaged.
const PASSING = [0, 409, 423, 429, 460, 502, 503, 504];
const AGAIN = 3; // tries of what fails on the server's side, and new starts of what the server has lost
// Whoever signs in again, or makes room, goes on where it stopped.
const LATER = [401, 403, 500, 507];

// --- one request -------------------------------------------------------------------------------------------------------

function watched(request, patience, progress) {
  let clock = 0;
  const expect = (limit) => {
    clearTimeout(clock);
    clock = setTimeout(() => request.abort(), limit);
  };
  request.upload.addEventListener("progress", (event) => {
    expect(PATIENCE);
    progress(event.loaded);
  });
  request.upload.addEventListener("load", () => expect(patience));
  request.addEventListener("loadend", () => clearTimeout(clock));
  expect(PATIENCE);
}

/** A broken connection, an abort and a server that has gone silent all have the status 0. */
function answered(request) {
  return new Promise((done) => {
    request.addEventListener("loadend", () =>
      done({ status: request.status, text: request.responseText, header: (name) => request.getResponseHeader(name) }),
    );
  });
}

function problemIn(answer) {
  try {
    return JSON.parse(answer.text);
  } catch {
    return null;
  }
}

function encoded(said) {
  const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return Object.entries(said)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",");
}

// --- the upload --------------------------------------------------------------------------------------------------------

export class Sending {
  constructor(file, { endpoint, said = {}, token = "", tell }) {
    Object.assign(this, { file, endpoint, said, token, tell });
    this.key = keyOf(endpoint, said, file);
    this.url = recall(this.key)?.url ?? "";
    this.offset = null; // unknown: ask
    this.failures = this.starts = 0;
    this.wake = () => {};
  }

  pause() {
    this.paused = true;
    this.abort();
    this.wake();
  }

  resume() {
    this.paused = false;
    this.wake();
  }

  cancel() {
    this.cancelled = true;
    this.abort();
    this.wake();
  }

  /** Until the server has said where the upload lies, it could not be removed there: that answer is waited for. */
  abort() {
    if (this.url) this.request?.abort();
  }

  async run() {
    const online = () => this.paused || this.wake();
    addEventListener("online", online);
    let end = null;
    while (!end) end = await this.step();
    removeEventListener("online", online);
    if (!LATER.includes(end.status)) this.forget();
    return end;
  }

  /** Gives what the upload ends with, or null to go on. */
  async step() {
    if (this.cancelled) return this.giveUp();
    if (this.paused) return this.rest();
    if (!this.url) return this.create();
    return this.offset === null ? this.locate() : this.sendPiece();
  }

  async create() {
    const metadata = encoded({ filename: this.file.name, ...this.said });
    const headers = { "Upload-Length": String(this.file.size), "Upload-Metadata": metadata };
    const answer = await this.ask("POST", this.endpoint, { headers });
    if (answer.status === 404 || answer.status === 405) return { unsupported: true };
    if (answer.status !== 201) return this.failed(answer);
    this.url = answer.header("Location");
    this.offset = 0;
    remember(this.key, this.url, this.file);
    return null;
  }

  async locate() {
    let answer = await this.ask("HEAD", this.url);
    const offset = answer.header("Upload-Offset");
    if (answer.status === 200 && offset !== null) {
      this.offset = Number(offset);
      if (this.offset) this.tell("resumed", this.offset);
      return null;
    }
    // An answer to HEAD has no words; the refusal of an empty piece has.
    if (answer.status === 401 || answer.status === 403) answer = await this.patch(0, 0);
    return this.failed(answer);
  }

  async sendPiece() {
    const end = Math.min(this.offset + PIECE, this.file.size);
    const answer = await this.patch(this.offset, end);
    if (answer.status !== 204) return this.failed(answer);
    this.failures = 0;
    this.offset = Number(answer.header("Upload-Offset"));
    const location = answer.header("Attune-Location");
    return location ? { location } : null;
  }

  patch(start, end) {
    const headers = { "Upload-Offset": String(start), "Content-Type": "application/offset+octet-stream" };
    const last = end === this.file.size;
    const progress = (loaded) => {
      const sent = Math.min(start + loaded, end);
      this.tell(last && sent === end ? "checking" : "sending", sent);
    };
    if (last && start === end) progress(0);
    const body = this.file.slice(start, end);
    return this.ask("PATCH", this.url, { headers, body, progress, patience: last ? LOOKING : PATIENCE });
  }

  ask(method, url, { headers = {}, body = null, progress = () => {}, patience = PATIENCE } = {}) {
    const request = (this.request = new XMLHttpRequest());
    request.open(method, url);
    const all = { "Tus-Resumable": "1.0.0", Accept: "application/json", "X-CSRFToken": this.token, ...headers };
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    watched(request, patience, progress);
    const answer = answered(request);
    request.send(body);
    return answer;
  }

  /** Waits where that may help, begins anew where the server has nothing any more; else gives the end. */
  async failed(answer) {
    this.offset = null;
    if (this.paused || this.cancelled) return null;
    if ([404, 410].includes(answer.status) && this.starts++ < AGAIN) {
      this.forget();
      return null;
    }
    const tries = this.failures++;
    if (!PASSING.includes(answer.status) && !(answer.status === 500 && tries < AGAIN)) {
      return { status: answer.status, problem: problemIn(answer) };
    }
    this.tell("waiting");
    await this.sleep(1000 * WAITS[Math.min(tries, WAITS.length - 1)]);
    return null;
  }

  async rest() {
    this.tell("paused");
    await this.sleep();
    return null;
  }

  /** Until the time is over or somebody wakes it. */
  sleep(milliseconds) {
    return new Promise((done) => {
      this.wake = done;
      if (milliseconds) setTimeout(done, milliseconds);
    });
  }

  giveUp() {
    if (this.url) this.ask("DELETE", this.url);
    return { cancelled: true };
  }

  forget() {
    forget(this.key);
    this.url = "";
  }
}
