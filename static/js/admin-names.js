// Names for controls that the admin leaves without one (pickers that search, fields within a list's rows), and
// boxes that scroll can be scrolled by the keyboard. Rows and pickers may come later.
function headOf(cell) {
  const head = cell?.closest("table").tHead?.rows[0].cells[cell.cellIndex];
  return head?.textContent.trim() ?? "";
}

function namePickers() {
  for (const picker of document.querySelectorAll(".select2-selection:not([aria-label])")) {
    const cell = picker.closest("td");
    const label = cell ? null : picker.closest(".form-row")?.querySelector("label");
    const name = label?.textContent.trim().replace(/[:：]$/, "") ?? headOf(cell);
    picker.removeAttribute("aria-labelledby");
    picker.setAttribute("aria-label", name);
    picker.querySelector("[role=textbox]")?.setAttribute("aria-label", name);
  }
}

function nameTips() {
  for (const tip of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) tip.setAttribute("role", "img");
}

function nameFields() {
  for (const field of document.querySelectorAll(":is(#result_list, .tabular) td :is(select, input:not([type=hidden]))")) {
    if (field.labels?.length || field.getAttribute("aria-label")) continue;
    field.setAttribute("aria-label", headOf(field.closest("td")));
  }
}

function reachBoxes() {
  for (const box of document.querySelectorAll(".inline-group, .results")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

document.addEventListener("DOMContentLoaded", () => {
  namePickers();
  nameFields();
  nameTips();
  new MutationObserver(() => {
    namePickers();
    nameTips();
  }).observe(document.body, { childList: true, subtree: true });
});
addEventListener("load", reachBoxes);
