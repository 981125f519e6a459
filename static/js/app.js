// What every page needs. Each module finds its own elements by data attributes and works on those that htmx brings later.
import "./theme.js";
import "./dialogs.js";
import "./menus.js";
import "./tabs.js";
import "./tables.js";
import "./toasts.js";
import "./upload.js";
import "./copy.js";
import "./htmx.js";
import "./notices.js";

for (const button of document.querySelectorAll("[data-back]")) {
  button.hidden = history.length < 2;
  button.addEventListener("click", () => history.back());
}
