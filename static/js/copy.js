// <c-copy>: copies its value and says so.
import { toast } from "./toasts.js";

document.addEventListener("click", async (event) => {
  const box = event.target.closest("[data-copy-button]")?.closest("[data-copy]");
  if (!box) return;
  try {
    await navigator.clipboard.writeText(box.dataset.copy);
    toast({ text: box.dataset.textDone, tone: "good" });
  } catch {
    // No permission, or not https: the text is selected instead, ready for Ctrl+C.
    getSelection().selectAllChildren(box.querySelector("code"));
  }
});
