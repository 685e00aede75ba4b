// The tables of matches: sorted by a click on a header, searched and filtered by the fields above them.
// The rows of one item (a tbody) stay together. Of a long table a screen shows the first groups until all are asked
// for, and of an item the first matches; print has all groups that meet the filter.
"use strict";
document.documentElement.classList.add("scripted");
const SHOWN = 200;

const make = (tag, fields, ...children) => {
  const element = Object.assign(document.createElement(tag), fields);
  element.append(...children);
  return element;
};
const textOf = (cell) => (cell.querySelector("bdi, .decided") ?? cell).title || cell.textContent.trim();

// What a group can be found by. A cell of an entry stands once, in the first of its rows.
const factsOf = (group) => {
  const rows = [];
  let entry = { list: "", category: "" };
  for (const row of group.rows) {
    const [list, category, algorithm, distance] = ["l", "c", "a", "d"].map((name) => row.querySelector("td." + name));
    if (list) {
      entry = { list: list.textContent, category: category.textContent };
    }
    const nearness = parseInt(distance.textContent.replaceAll(",", ""), 10);
    rows.push({ ...entry, algorithm: algorithm.textContent, distance: nearness, isExtra: row.classList.contains("extra") });
  }
  const titles = [...group.querySelectorAll("[title]")].map((element) => element.title);
  const status = group.querySelector(".st");
  return {
    rows,
    text: [group.textContent, ...titles].join("\n").toLowerCase(),
    decision: status.querySelector(".decided")?.textContent ?? "undecided",
    kind: ["doubtful", "trivial", "negative"].filter((name) => group.classList.contains(name)),
    changed: group.querySelector(".since") !== null,
  };
};

class Table {
  constructor(table) {
    this.table = table;
    this.groups = [...table.tBodies].map((element) => ({ element, ...factsOf(element) }));
    this.whole = false;
    this.algorithm = "";
    this.note = make("p", { className: "more" });
    table.parentNode.before(this.note);
    this.makeSortable();
    for (const group of this.groups) {
      this.offerOthers(group);
    }
  }

  filter(wanted) {
    this.algorithm = wanted.algorithm;
    for (const group of this.groups) {
      group.hidden = !meets(group, wanted);
      group.element.classList.toggle("filtered", group.hidden);
      if (!group.hidden && !group.rows.some((row) => !row.isExtra && fits(row, wanted))) {
        group.element.classList.add("open"); // what meets the filter is among its further matches
        group.rename?.();
      }
    }
    this.show();
    return this.groups.filter((group) => !group.hidden).length;
  }

  // Groups beyond the first SHOWN that meet the filter are not drawn on a screen.
  show() {
    let count = 0;
    for (const group of this.groups) {
      count += !group.hidden;
      group.element.classList.toggle("later", !this.whole && count > SHOWN);
    }
    this.note.replaceChildren();
    if (!count) {
      this.note.append("None of these items meets the filter.");
    }
    if (!this.whole && count > SHOWN) {
      const button = make("button", { type: "button", textContent: "Show all" });
      button.addEventListener("click", () => {
        this.whole = true;
        this.show();
      });
      this.note.append(`The first ${SHOWN} of ${count.toLocaleString("en")} items are shown. `, button);
    }
  }

  offerOthers(group) {
    const element = group.element;
    const count = element.querySelectorAll(".extra").length;
    if (!count) {
      return;
    }
    const button = make("button", { type: "button", className: "others" });
    group.rename = () => {
      button.textContent = element.classList.contains("open") ? "Fewer" : `${count.toLocaleString("en")} more`;
    };
    button.addEventListener("click", () => {
      element.classList.toggle("open");
      group.rename();
    });
    group.rename();
    element.querySelector(".i").append(button);
  }

  makeSortable() {
    for (const header of this.table.tHead.rows[0].cells) {
      const button = make("button", { type: "button" }, ...header.childNodes);
      button.addEventListener("click", () => this.sort(header));
      header.append(button);
    }
  }

  sort(header) {
    const descending = header.getAttribute("aria-sort") === "ascending";
    const column = header.classList[0];
    const kind = header.dataset.sort;
    for (const group of this.groups) {
      group.key = keyOf(group, column, kind, descending, this.algorithm);
    }
    this.groups.sort((one, other) => compareKeys(one.key, other.key, descending));
    for (const cell of header.parentNode.cells) {
      cell.removeAttribute("aria-sort");
    }
    header.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const place = document.createComment("");
    this.table.replaceWith(place); // moving thousands of groups is much faster outside the document
    this.table.append(...this.groups.map(({ element }) => element));
    place.replaceWith(this.table);
    this.show();
    header.querySelector("button").focus({ preventScroll: true });
  }
}

const collator = new Intl.Collator("en", { numeric: true });
const numberOf = (cell) => parseFloat(cell.dataset.v ?? cell.textContent.replaceAll(",", ""));

// What a group is sorted by, with what must be equal before: of numbers the smallest, or the largest when descending;
// of texts the first. Distances are compared within an algorithm only: that of the filter, or the group's first by name.
const keyOf = (group, column, kind, descending, wanted) => {
  const best = descending ? Math.max : Math.min;
  if (kind === "distance") {
    const names = group.rows.map((row) => row.algorithm).sort(collator.compare);
    const within = names.includes(wanted) ? wanted : names[0];
    return [within, best(...group.rows.filter((row) => row.algorithm === within).map((row) => row.distance))];
  }
  const cells = [...group.element.querySelectorAll("." + column)];
  if (kind === "text") {
    return ["", textOf(cells[0])];
  }
  const values = cells.map(numberOf).filter((value) => !Number.isNaN(value));
  return ["", values.length ? best(...values) : undefined];
};

const compareKeys = ([within, first], [other, second], descending) => {
  if (within !== other) {
    return collator.compare(within, other);
  }
  if (first === undefined || second === undefined) {
    return (first === undefined) - (second === undefined); // what has none comes last
  }
  const order = typeof first === "string" ? collator.compare(first, second) : first - second;
  return descending ? -order : order;
};

const fits = (row, wanted) => ["list", "category", "algorithm"].every((name) => !wanted[name] || row[name] === wanted[name]);

const meets = (group, wanted) =>
  wanted.words.every((word) => group.text.includes(word)) &&
  (!wanted.decision || group.decision === wanted.decision) &&
  (!wanted.kind || (wanted.kind === "certain" ? !group.kind.length : group.kind.includes(wanted.kind) || (wanted.kind === "changed" && group.changed))) &&
  group.rows.some((row) => fits(row, wanted));

const KINDS = { certain: "neither doubtful, trivial nor negative", doubtful: "doubtful only", trivial: "trivial only", negative: "negative only", changed: "changed since the scan" };

const makeFinder = (tables, before) => {
  const groups = tables.flatMap((table) => table.groups);
  const search = make("input", { type: "search", spellcheck: false, placeholder: "path, digest, entry …" });
  const choices = {};
  const choice = (name, title, values, titles = {}) => {
    const options = values.map((value) => make("option", { value, textContent: titles[value] ?? value }));
    choices[name] = make("select", {}, make("option", { value: "", textContent: "all" }), ...options);
    return make("label", { className: "choice" }, title, choices[name]);
  };
  const values = (of) => [...new Set(groups.flatMap(of))].sort(collator.compare);
  const ofRows = (name) => values((group) => group.rows.map((row) => row[name]));
  const kinds = Object.keys(KINDS).filter((name) =>
    name === "certain" ? groups.some(({ kind }) => kind.length) : groups.some((group) => group.kind.includes(name) || (name === "changed" && group.changed)),
  );
  const clear = make("button", { type: "button", textContent: "Clear" });
  const found = make("p", { className: "found" });
  found.setAttribute("role", "status");
  const finder = make(
    "form",
    { className: "finder" },
    make("label", { className: "search" }, "Search in the matches", search),
    choice("list", "List", ofRows("list")),
    choice("category", "Category", ofRows("category")),
    choice("algorithm", "Algorithm", ofRows("algorithm")),
    choice("decision", "Decision", values((group) => [group.decision])),
    choice("kind", "Kind", kinds, KINDS),
    clear,
    found,
  );
  finder.setAttribute("role", "search");
  const update = () => {
    const wanted = Object.fromEntries(Object.entries(choices).map(([name, select]) => [name, select.value]));
    wanted.words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const counts = tables.map((table) => table.filter(wanted));
    const isFiltered = wanted.words.length > 0 || Object.values(choices).some((select) => select.value);
    const shown = tables.map((table, at) => `${counts[at].toLocaleString("en")} of ${table.groups.length.toLocaleString("en")} ${table.table.classList[1]} (${table.table.dataset.name})`);
    found.classList.toggle("some", isFiltered);
    found.textContent = isFiltered ? `FILTERED: ${shown.join(", ")} items are shown and printed. The other sections are whole.` : `${shown.join(", ")} items`;
  };
  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, 150);
  });
  finder.addEventListener("change", update);
  finder.addEventListener("submit", (event) => event.preventDefault());
  clear.addEventListener("click", () => {
    finder.reset();
    update();
  });
  before.before(finder);
  update();
};

document.addEventListener("DOMContentLoaded", () => {
  const tables = [...document.querySelectorAll("table.matches")].map((table) => new Table(table));
  if (tables.length) {
    makeFinder(tables, document.getElementById("identical"));
  }
  for (const id of document.querySelectorAll(".cut")) {
    const short = id.textContent;
    id.addEventListener("click", () => {
      id.textContent = id.classList.toggle("open") ? id.title : short;
    });
  }
});
