"use strict";
// Sorts tables by a click on a heading, and closes an enlarged picture by the escape key. All can be read without it.
const number = (cell) => parseFloat(cell.textContent.replace(/,/g, "").replace(/^−/, "-"));

function compare(column, numeric, sign) {
  return (a, b) => {
    const [x, y] = [a.cells[column], b.cells[column]];
    if (!numeric) return sign * x.textContent.localeCompare(y.textContent, undefined, { numeric: true });
    const [m, n] = [number(x), number(y)];
    if (Number.isNaN(m) || Number.isNaN(n)) return Number.isNaN(m) - Number.isNaN(n);
    return sign * (m - n);
  };
}

// A folded table is one with the rows above it: sorting needs all of them.
function unfold(table) {
  const folded = table.closest(".block").querySelector("details");
  if (!folded) return;
  const rest = folded.querySelector("table");
  table.tBodies[0].append(...rest.tBodies[0].rows);
  if (rest.tFoot) table.append(rest.tFoot);
  folded.remove();
}

function sort(table, heading) {
  unfold(table);
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const order = compare(heading.cellIndex, heading.classList.contains("number"), down ? -1 : 1);
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
}

for (const table of document.querySelectorAll(".block > .scroll > table")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this column";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(table, heading));
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const box of document.querySelectorAll(".zoom:checked")) box.checked = false;
});
