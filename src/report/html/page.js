"use strict";
// The page is complete without this script. The script describes the tile under the pointer or with the focus, and
// makes the tables sortable and searchable.

for (const room of document.querySelectorAll(".room")) {
  const detail = room.querySelector(".detail");
  const initial = detail.textContent;
  const describe = (event) => {
    const tile = event.target.closest(".tile");
    detail.textContent = tile ? tile.title : initial;
  };
  room.addEventListener("mouseover", describe);
  room.addEventListener("focusin", describe);
  room.addEventListener("mouseleave", () => { detail.textContent = initial; });
}

// Opens the closed parts around the target of a link.
const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) {
    if (at instanceof HTMLDetailsElement) at.open = true;
  }
  if (target) target.scrollIntoView({ block: "center" });
};
addEventListener("hashchange", openTarget);
if (location.hash) openTarget();

const sort = (table, column, header) => {
  const descending = header.getAttribute("aria-sort") !== "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const value = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = (one, other) =>
    isNaN(value(one)) || isNaN(value(other))
      ? value(one) < value(other) ? -1 : value(one) > value(other) ? 1 : 0
      : value(one) - value(other);
  const rows = [...table.tBodies[0].rows].sort(compare);
  table.tBodies[0].append(...(descending ? rows.reverse() : rows));
};

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => sort(table, column, header));
    header.replaceChildren(button);
  });
  if (table.tBodies[0].rows.length < 12) continue;
  const filter = document.createElement("input");
  filter.type = "search";
  filter.className = "filter";
  filter.placeholder = "Find a name";
  filter.setAttribute("aria-label", "Show the rows with this in their name");
  filter.addEventListener("input", () => {
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(filter.value.toLowerCase());
    }
  });
  table.before(filter);
}
