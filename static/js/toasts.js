// Passing messages. From the server: Django messages in the page, or the header HX-Trigger: {"toast": {"text": …, "tone": "good"}}.
const LIFE = 6000;
const list = document.getElementById("toasts");

function cross(label) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-ghost btn-sm btn-icon -my-1";
  button.dataset.toastClose = "";
  button.setAttribute("aria-label", label);
  button.textContent = "×";
  return button;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Shows a message; `id` keeps one of its kind, `stay` keeps it until it is dismissed. Texts are texts, never HTML. */
export function toast({ text, tone = "neutral", stay = false, id = "" }) {
  if (!list || (id && document.getElementById(id))) return;
  const item = element("li", "toast");
  if (id) item.id = id;
  item.dataset.tone = tone;
  item.dataset.toast = "";
  if (stay) item.dataset.stay = "";
  item.append(element("span", "toast-mark"), element("div", "toast-text", text), cross(list.dataset.textDismiss));
  list.append(item);
}

// Time stands still while somebody reads: the pointer or the focus is on it.
function age(item) {
  if (item.dataset.aging || "stay" in item.dataset || item.dataset.tone === "bad") return;
  item.dataset.aging = "yes";
  let timer;
  const start = () => (timer = setTimeout(() => item.remove(), LIFE));
  const stop = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) item.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) item.addEventListener(name, start);
  start();
}

if (list) {
  list.querySelectorAll("[data-toast]").forEach(age);
  new MutationObserver(() => list.querySelectorAll("[data-toast]").forEach(age)).observe(list, { childList: true });
  list.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
  });
}

document.addEventListener("toast", (event) => {
  const detail = event.detail ?? {};
  toast({ ...detail, text: detail.text ?? detail.value ?? "" });
});
