"use strict";
const data = (id) => JSON.parse(document.getElementById(id).textContent);

/* Tables: the first page stands in the document, the others in its data. */
const PAGE = 25;
for (const holder of document.querySelectorAll("[data-table]")) {
  const { rows, classes } = data(holder.dataset.table);
  const body = holder.querySelector("tbody");
  const pager = holder.querySelector(".pager");
  if (rows.length <= PAGE) continue;
  pager.replaceChildren();
  let page = 0;
  const pages = Math.ceil(rows.length / PAGE);
  const button = (text, step) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => { page += step; show(); });
    pager.append(made);
    return made;
  };
  const back = button("Earlier", -1);
  const onward = button("Later", 1);
  const where = document.createElement("span");
  where.setAttribute("role", "status");
  pager.append(where);
  const show = () => {
    const from = page * PAGE;
    const shown = rows.slice(from, from + PAGE);
    body.replaceChildren(...shown.map((row) => {
      const line = document.createElement("tr");
      row.forEach((text, column) => {
        const cell = document.createElement("td");
        cell.textContent = text;
        cell.className = classes[column];
        if (classes[column].includes("signed") && text !== "0.00") {
          cell.classList.add(text.startsWith("-") ? "down" : "up");
        }
        line.append(cell);
      });
      return line;
    }));
    back.disabled = page === 0;
    onward.disabled = page === pages - 1;
    where.textContent = `${from + 1} to ${from + shown.length} of ${rows.length}`;
  };
  show();
}

/* Charts: a cross-hair that reads the nearest sample. */
const chart = document.querySelector("figure.chart");
if (chart) {
  const { rows, currency } = data("readings");
  const readout = chart.querySelector(".readout");
  const frames = [...chart.querySelectorAll(".frame")];
  const lines = frames.map((frame) => {
    const line = document.createElement("div");
    line.className = "cross";
    frame.append(line);
    return line;
  });
  const nearest = (x) => {
    let low = 0, high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle][0] < x) low = middle + 1; else high = middle;
    }
    return low > 0 && x - rows[low - 1][0] < rows[low][0] - x ? low - 1 : low;
  };
  chart.addEventListener("pointermove", (event) => {
    const box = frames[0].querySelector("svg").getBoundingClientRect();
    const x = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const [at, time, equity, drawdown] = rows[nearest(x)];
    for (const line of lines) {
      line.style.display = "block";
      line.style.left = `${at * box.width}px`;
    }
    readout.textContent = `${time} UTC: equity ${equity} ${currency}, drawdown ${drawdown}`;
  });
  chart.addEventListener("pointerleave", () => {
    for (const line of lines) line.style.display = "none";
  });
}
