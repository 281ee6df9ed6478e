"use strict";
(() => {
  const grid = JSON.parse(document.getElementById("grid-data").textContent);
  const inputs = grid.axes.map((_, i) => document.getElementById("axis-" + i));
  const cells = Object.values(grid.cells);
  const known = cells.filter((cell) => cell.pnl !== null);
  const most = Math.max(1e-9, ...known.map((cell) => Math.abs(cell.pnl)));
  const flat = cells.flatMap((cell) => cell.curve);
  const low = Math.min(0, ...flat.map((p) => p[1]));
  const high = Math.max(0, ...flat.map((p) => p[1]));
  const svg = document.getElementById("curve");
  const element = (name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    return made;
  };
  const y = (v) => 8 + (264 * (high - v)) / Math.max(1e-9, high - low);
  const path = (curve) => curve.map((p, i) => (i ? "H" + p[0] + "V" : "M" + p[0] + " ") + y(p[1]).toFixed(1)).join("");
  for (const cell of cells) svg.append(element("path", { class: "other", d: path(cell.curve) }));
  svg.append(element("path", { class: "zero", d: "M0 " + y(0) + "H1000" }));
  const mine = svg.appendChild(element("path", { class: "mine", d: "" }));
  document.getElementById("curve-low").textContent = low.toFixed(2) + " pUSD";
  document.getElementById("curve-high").textContent = "+" + high.toFixed(2) + " pUSD";

  const chosen = () => inputs.map((input) => Number(input.value));
  const shade = (pnl) => {
    const share = Math.round(8 + (48 * Math.abs(pnl)) / most);
    return "color-mix(in srgb, var(" + (pnl < 0 ? "--sell" : "--buy") + ") " + share + "%, var(--ground))";
  };
  const axesShown = () => {
    const wide = grid.axes.map((_, i) => i).filter((i) => grid.axes[i].points.length > 1);
    return wide.length > 1 ? wide.slice(0, 2) : [wide[0] ?? 0, -1];
  };
  const cellButton = (at) => {
    const cell = grid.cells[at.join(",")];
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = cell ? cell.told.pnl : grid.missing;
    if (cell && cell.pnl !== null) button.style.background = shade(cell.pnl);
    if (at.join() === chosen().join()) {
      button.className = "chosen";
      button.setAttribute("aria-current", "true");
    }
    button.addEventListener("click", () => {
      at.forEach((value, i) => { inputs[i].value = value; });
      show();
      document.querySelector("#map .chosen").focus();
    });
    return button;
  };
  const headed = (text, scope) => {
    const head = document.createElement("th");
    head.scope = scope;
    head.textContent = text;
    return head;
  };
  const map = () => {
    const [down, across] = axesShown();
    const table = document.createElement("table");
    const columns = across < 0 ? [""] : grid.axes[across].short;
    const top = table.createTHead().insertRow();
    top.append(headed(grid.axes[down].title + (across < 0 ? "" : " / " + grid.axes[across].title), "col"));
    for (const name of columns) top.append(headed(name, "col"));
    const body = table.createTBody();
    grid.axes[down].short.forEach((name, i) => {
      const row = body.insertRow();
      row.append(headed(name, "row"));
      columns.forEach((_, j) => {
        const at = chosen();
        at[down] = i;
        if (across >= 0) at[across] = j;
        row.insertCell().append(cellButton(at));
      });
    });
    document.getElementById("map").replaceChildren(table);
  };
  const show = () => {
    const at = chosen();
    const cell = grid.cells[at.join(",")];
    grid.axes.forEach((axis, i) => {
      document.getElementById("value-" + i).textContent = axis.points[at[i]];
      inputs[i].setAttribute("aria-valuetext", axis.points[at[i]]);
    });
    for (const name of ["pnl", "fees", "rebates", "fills", "shares", "volume", "drawdown"]) {
      document.getElementById("told-" + name).textContent = cell ? cell.told[name] : grid.missing;
    }
    const big = document.querySelector(".big");
    big.classList.toggle("loss", Boolean(cell && cell.pnl < 0));
    big.classList.toggle("gain", Boolean(cell && cell.pnl > 0));
    mine.setAttribute("d", cell ? path(cell.curve) : "");
    map();
  };
  inputs.forEach((input) => input.addEventListener("input", show));
  show();
})();
