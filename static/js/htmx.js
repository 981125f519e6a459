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
  const { xhr, requestConfig } = event.detail;
  // Signed out meanwhile: the answer is the page to sign in, which must not land in the middle of this one.
  if (xhr.responseURL && requestConfig?.verb === "get" && new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location).pathname) {
    event.detail.shouldSwap = false;
    location.reload();
    return;
  }
  if (xhr.status < 400 || xhr.status === 422 || xhr.getResponseHeader("HX-Retarget")) return;
  event.detail.shouldSwap = false;
  if (event.detail.elt?.closest("[data-quiet]")) return;
  toast({ id: "toast-failed", tone: "bad", text: texts.textFailed });
});

// What asks again by itself says so in its own place (data-quiet).
document.addEventListener("htmx:sendError", (event) => {
  if (event.detail.elt?.closest("[data-quiet]")) return;
  toast({ id: "toast-offline", tone: "bad", stay: true, text: texts.textOffline });
});

document.addEventListener("htmx:afterOnLoad", () => {
  document.getElementById("toast-offline")?.remove();
});
