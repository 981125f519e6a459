// Names for controls that the admin leaves without one (pickers that search, fields within a list's rows), and
// boxes that scroll can be scrolled by the keyboard. Rows and pickers may come later.
function namePickers() {
  for (const picker of document.querySelectorAll(".select2-selection:not([aria-label])")) {
    const label = picker.closest(".form-row, td")?.querySelector("label");
    const name = label?.textContent.trim().replace(/[:：]$/, "") ?? "";
    picker.removeAttribute("aria-labelledby");
    picker.setAttribute("aria-label", name);
    picker.querySelector("[role=textbox]")?.setAttribute("aria-label", name);
  }
}

function nameFields() {
  for (const field of document.querySelectorAll("#result_list td :is(select, input:not([type=hidden]))")) {
    if (field.labels?.length || field.getAttribute("aria-label")) continue;
    const cell = field.closest("td");
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    field.setAttribute("aria-label", head.textContent.trim());
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
  new MutationObserver(namePickers).observe(document.body, { childList: true, subtree: true });
});
addEventListener("load", reachBoxes);
