// The theme switch. The choice is a cookie that the server turns into <html data-theme>, so no page ever flashes.
const YEAR = 31536000;

function stored() {
  return document.documentElement.dataset.theme ?? "";
}

function store(theme) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const age = theme ? YEAR : 0;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax${secure}`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function mark() {
  for (const button of document.querySelectorAll("[data-theme-set]")) {
    const on = button.dataset.themeSet === stored();
    button.setAttribute("aria-pressed", on ? "true" : "false");
    button.classList.toggle("text-accent", on);
  }
}

// Charts draw with colours of the moment; they draw again on this event.
function announce() {
  document.dispatchEvent(new CustomEvent("attune:theme"));
}

for (const group of document.querySelectorAll("[data-themes]")) group.hidden = false;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-theme-set]");
  if (!button) return;
  store(button.dataset.themeSet);
  mark();
  announce();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", announce);
mark();

/** The value of a token as the page shows it now, for instance color("--chart-1"). */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
