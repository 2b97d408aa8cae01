"use strict";
(function () {
  // a cell sorts by data-value when it has one, as a number when it is one; empty cells stay last either way
  function key(row, column) {
    var cell = row.cells[column];
    var text = cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
    if (text === "") { return null; }
    var value = Number(text);
    return Number.isNaN(value) ? text : value;
  }

  function compare(a, b, sign) {
    if (a === null || b === null) { return (a === null) - (b === null); }
    if (typeof a === "number" && typeof b === "number") { return sign * (a - b); }
    return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
  }

  function sortBy(table, head) {
    var down = head.getAttribute("aria-sort") === "ascending";
    var body = table.tBodies[0];
    var rows = Array.from(body.rows).map(function (row, place) { return { row: row, key: key(row, head.cellIndex), place: place }; });
    rows.sort(function (a, b) { return compare(a.key, b.key, down ? -1 : 1) || a.place - b.place; });
    Array.from(head.parentNode.cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.forEach(function (item) { body.appendChild(item.row); });
  }

  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () { sortBy(table, head); });
    });
  });

  document.querySelectorAll(".tools").forEach(function (tools) {
    var table = document.getElementById(tools.dataset.table);
    var inputs = Array.from(tools.querySelectorAll("input, select"));
    var output = tools.querySelector("output");
    tools.hidden = false;

    function apply() {
      var shown = 0;
      var rows = Array.from(table.tBodies[0].rows);
      rows.forEach(function (row) {
        var fits = inputs.every(function (input) {
          var wanted = input.value, field = input.dataset.field;
          if (wanted.trim() === "") { return true; }
          if (field === undefined) { return row.textContent.toLowerCase().includes(wanted.trim().toLowerCase()); }
          return field === "marks" ? row.dataset.marks.split("|").includes(wanted) : row.dataset[field] === wanted;
        });
        row.hidden = !fits;
        shown += fits ? 1 : 0;
      });
      output.textContent = shown + " of " + rows.length + " shown";
    }

    inputs.forEach(function (input) { input.addEventListener("input", apply); });
    apply();
  });

  // everything folded is opened for the printer
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (item) { item.open = true; });
  });
})();
