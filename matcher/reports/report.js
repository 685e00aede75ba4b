// Sorts the tables of matches by a click on a header: the rows of one item (a tbody) stay together.
// Of a long table, a screen shows the first groups until all are asked for; print always has all.
"use strict";
document.documentElement.classList.add("scripted");
const SHOWN = 1000; // as in report.css

const offerAll = (table) => {
  const count = table.tBodies.length;
  if (count <= SHOWN) {
    return;
  }
  const note = document.createElement("p");
  const button = document.createElement("button");
  note.className = "more";
  button.type = "button";
  button.textContent = "Show all";
  button.addEventListener("click", () => {
    table.classList.add("whole");
    note.remove();
  });
  note.append(
    `The first ${SHOWN.toLocaleString("en")} of ${count.toLocaleString("en")} items are shown. ` +
      "Sorting takes all of them into account; searching the page does not. ",
    button,
  );
  table.parentNode.before(note);
};

const makeSortable = (table) => {
  const headers = [...table.tHead.rows[0].cells];
  const compareText = new Intl.Collator("en", { numeric: true }).compare;

  const numberOf = (cell) => {
    const found = cell.dataset.v ?? cell.textContent.replaceAll(",", "").match(/^\d+/)?.[0];
    return found === undefined ? NaN : Number(found);
  };

  // What a group is sorted by: of numbers the smallest, or the largest when descending; of texts the first.
  const keyOf = (group, column, kind, descending) => {
    const cells = [...group.querySelectorAll("." + column)];
    if (kind === "text") {
      return (cells[0].querySelector("bdi") ?? cells[0]).textContent;
    }
    const values = cells.map(numberOf).filter((value) => !Number.isNaN(value));
    return values.length ? (descending ? Math.max : Math.min)(...values) : undefined;
  };

  const sort = (header) => {
    const descending = header.getAttribute("aria-sort") === "ascending";
    const column = header.classList[0];
    const kind = header.dataset.sort;
    const keyed = [...table.tBodies].map((group) => [keyOf(group, column, kind, descending), group]);
    const compare = kind === "text" ? compareText : (first, second) => first - second;
    keyed.sort(([first], [second]) => {
      if (first === undefined || second === undefined) {
        return (first === undefined) - (second === undefined); // what has none comes last
      }
      return descending ? compare(second, first) : compare(first, second);
    });
    for (const other of headers) {
      other.removeAttribute("aria-sort");
    }
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const place = document.createComment("");
    table.replaceWith(place); // moving thousands of groups is much faster outside the document
    table.append(...keyed.map(([, group]) => group));
    place.replaceWith(table);
    header.querySelector("button").focus({ preventScroll: true });
  };

  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    button.addEventListener("click", () => sort(header));
    header.append(button);
  }
};

document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("table.matches")) {
    offerAll(table);
    makeSortable(table);
  }
});
