// The labels of the rows, the most frequent first.
export const labels = JSON.parse(document.getElementById("labels")?.textContent ?? "[]");

// card_arrival is found by “card arr”.
export const fold = (text) => text.toLocaleLowerCase().replace(/[\s_./-]+/gu, " ");

/** A label that was made on this page is offered from now on. */
export function learn(label) {
  if (label && !labels.includes(label)) labels.push(label);
}
