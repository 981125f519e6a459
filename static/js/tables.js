// Sorting in the browser: <th data-sort="text|number">. A cell's data-value wins over its text.
// Filtering: <input data-filter="id of a table"> keeps the rows whose first cell has the text.
const collator = new Intl.Collator(document.documentElement.lang || "en", { numeric: true });

function value(row, column, kind) {
  const cell = row.cells[column];
  const text = cell?.dataset.value ?? cell?.textContent.trim() ?? "";
  if (kind !== "number") return text;
  const number = Number.parseFloat(text);
  return Number.isNaN(number) ? -Infinity : number;
}

function compare(kind, sign, column) {
  return (one, other) => {
    const [a, b] = [value(one, column, kind), value(other, column, kind)];
    return sign * (kind === "number" ? (a === b ? 0 : a - b) : collator.compare(a, b));
  };
}

function sort(head) {
  const table = head.closest("table");
  // Figures are mostly wanted largest first, names from A to Z.
  const first = head.dataset.sort === "number" ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? second : first;
  for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  const sign = order === "ascending" ? 1 : -1;
  for (const body of table.tBodies) {
    const rows = [...body.rows].sort(compare(head.dataset.sort, sign, head.cellIndex));
    body.append(...rows);
  }
}

function prepare(head) {
  if (head.querySelector(".sort")) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "sort";
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => sort(head));
}

function filter(box) {
  const wanted = box.value.trim().toLocaleLowerCase();
  for (const row of document.getElementById(box.dataset.filter).tBodies[0].rows) {
    row.hidden = !row.cells[0].textContent.toLocaleLowerCase().includes(wanted);
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-filter]")) filter(event.target);
});

const all = (root) => root.querySelectorAll("th[data-sort]").forEach(prepare);
all(document);
document.addEventListener("htmx:load", (event) => all(event.target));
