// <c-tabs> with panels: roles, arrow keys, and the chosen tab kept in the address (#panel).
function panelOf(tab) {
  return document.getElementById(tab.dataset.tab);
}

function select(tab, tabs) {
  for (const other of tabs) {
    const on = other === tab;
    other.setAttribute("aria-selected", on ? "true" : "false");
    other.tabIndex = on ? 0 : -1;
    const panel = panelOf(other);
    if (panel) panel.hidden = !on;
  }
  // Charts measured in a hidden panel have no size; they listen to this.
  panelOf(tab)?.dispatchEvent(new CustomEvent("attune:shown", { bubbles: true }));
}

const STEPS = { ArrowRight: 1, ArrowLeft: -1 };

function target(event, tabs, index) {
  if (event.key === "Home") return tabs[0];
  if (event.key === "End") return tabs.at(-1);
  const step = STEPS[event.key];
  return step ? tabs[(index + step + tabs.length) % tabs.length] : null;
}

function label(tab, number) {
  const panel = panelOf(tab);
  tab.setAttribute("role", "tab");
  tab.id ||= `tab-${tab.dataset.tab || number}`;
  if (!panel) return;
  tab.setAttribute("aria-controls", panel.id);
  panel.setAttribute("role", "tabpanel");
  panel.setAttribute("aria-labelledby", tab.id);
  panel.tabIndex = 0;
}

function prepare(row) {
  const tabs = [...row.querySelectorAll("[data-tab]")];
  if (!tabs.length || row.dataset.ready) return;
  row.dataset.ready = "yes";
  row.setAttribute("role", "tablist");
  tabs.forEach(label);
  row.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (!tab) return;
    select(tab, tabs);
    history.replaceState(history.state, "", `#${tab.dataset.tab}`);
  });
  row.addEventListener("keydown", (event) => {
    const next = target(event, tabs, tabs.indexOf(document.activeElement));
    if (!next) return;
    event.preventDefault();
    next.focus();
    select(next, tabs);
  });
  const named = tabs.find((tab) => `#${tab.dataset.tab}` === location.hash);
  select(named ?? tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0], tabs);
}

const all = (root) => root.querySelectorAll("[data-tabs]").forEach(prepare);
all(document);
document.addEventListener("htmx:load", (event) => all(event.target));
