// The form for a row that is added by hand: its conversation, its labels, or the marks in its text.
import "./checks.js";
import "./turns.js";

for (const part of document.querySelectorAll("[data-wrap]")) {
  const box = part.querySelector("textarea");
  part.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-before]");
    if (button) wrap(box, button.dataset.before, button.dataset.after);
  });
}

// Around the selected words, without the spaces at their ends; with none selected the cursor ends up between the marks.
function wrap(box, before, after) {
  let [from, to] = [box.selectionStart, box.selectionEnd];
  while (from < to && /\s/u.test(box.value[from])) from += 1;
  while (from < to && /\s/u.test(box.value[to - 1])) to -= 1;
  const words = box.value.slice(from, to);
  box.focus();
  box.setRangeText(`${before}${words}${after}`, from, to, "end");
  const at = from + before.length + words.length;
  if (from === to) box.setSelectionRange(at, at);
}
