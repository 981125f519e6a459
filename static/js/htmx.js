// htmx: the CSRF header, and what happens when an answer is an error or does not come.
import { toast } from "./toasts.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content;
const texts = document.getElementById("toasts")?.dataset ?? {};

document.addEventListener("htmx:configRequest", (event) => {
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// 422 carries a form with its errors and goes where it was meant to. Other errors come from us as a toast
// (HX-Retarget); anything else, such as a proxy's error page, must not land in the middle of ours.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || xhr.status === 422 || xhr.getResponseHeader("HX-Retarget")) return;
  event.detail.shouldSwap = false;
  toast({ id: "toast-failed", tone: "bad", text: texts.textFailed });
});

document.addEventListener("htmx:sendError", () => {
  toast({ id: "toast-offline", tone: "bad", stay: true, text: texts.textOffline });
});

document.addEventListener("htmx:afterOnLoad", () => {
  document.getElementById("toast-offline")?.remove();
});
