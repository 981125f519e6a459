// Swagger UI has a dark mode of its own, a class on <html>; it follows our theme.
const dark = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const { theme } = document.documentElement.dataset;
  document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : dark.matches);
}

document.addEventListener("attune:theme", follow);
follow();

// It brings a <main> of its own into ours; a page has one.
const box = document.getElementById("swagger-ui");
const demote = () => box.querySelector("main:not([role])")?.setAttribute("role", "group");
new MutationObserver(demote).observe(box, { childList: true, subtree: true });
