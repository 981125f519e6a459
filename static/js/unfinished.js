// What this browser remembers of uploads that have not ended: where each one is, by the form and the file that it came from.
const KEPT = 24 * 3_600_000; // milliseconds; as long as the server keeps what has come
const PREFIX = "attune-upload:";

function store(work) {
  try {
    return work(localStorage);
  } catch {
    return null; // storage is switched off: an upload then goes on within its page only
  }
}

export const keyOf = (endpoint, said, file) => PREFIX + JSON.stringify([endpoint, said, file.name, file.size, file.lastModified]);
export const forget = (key) => store((all) => all.removeItem(key));
export const remember = (key, url, file) => store((all) => all.setItem(key, JSON.stringify({ url, name: file.name, at: Date.now() })));

/** {url, name, at}, or null; what is too old is forgotten. */
export function recall(key) {
  const found = store((all) => JSON.parse(all.getItem(key)));
  if (found && Date.now() - found.at < KEPT) return found;
  forget(key);
  return null;
}

/** Names of files that were begun from this very form and have not ended. */
export function unfinished(endpoint, said) {
  const start = PREFIX + JSON.stringify([endpoint, said]).slice(0, -1);
  const keys = store((all) => Object.keys(all)) ?? [];
  const known = keys.filter((key) => key.startsWith(PREFIX)).map((key) => [key, recall(key)]);
  return known.filter(([key, found]) => found && key.startsWith(start)).map(([, found]) => found.name);
}
