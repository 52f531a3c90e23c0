"use strict";
// Values under the pointer, a finger, or the arrow keys; all else on the page works without this.
const charts = JSON.parse(document.getElementById("data").textContent);
const add = (tag, text = "") => {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
};
const isShown = (line) => document.getElementById(`show${line.run}`)?.checked ?? true;
document.querySelectorAll(".chart").forEach((svg, number) => {
  const lines = charts[number].lines, word = charts[number].word;
  const [low, high, left, right] = svg.dataset.x.split(" ").map(Number);
  const cursor = svg.querySelector(".cursor");
  const reading = svg.closest("figure").querySelector(".reading");
  const steps = [...new Set(lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  let at = steps.length - 1;

  const nearest = (xs, step) => {
    let a = 0, b = xs.length - 1;
    while (a < b) {
      const middle = (a + b) >> 1;
      if (xs[middle] < step) a = middle + 1; else b = middle;
    }
    return a > 0 && step - xs[a - 1] <= xs[a] - step ? a - 1 : a;
  };
  const show = (place) => {
    at = place;
    const step = steps[at];
    const x = left + (high > low ? (step - low) / (high - low) : 0.5) * (right - left);
    cursor.setAttribute("transform", `translate(${x})`);
    cursor.setAttribute("visibility", "visible");
    reading.replaceChildren(add("div", `${word} ${step}`), ...lines.filter(isShown).map((line) => {
      const i = nearest(line.x, step), there = line.x[i];
      const row = add("div"), mark = add("i");
      mark.style.setProperty("--hue", `var(--c${line.color})`);
      row.append(mark, line.name + (there === step ? "" : ` (${word} ${there})`), add("b", line.y[i]));
      return row;
    }));
    reading.hidden = false;
  };
  const hide = () => {
    cursor.setAttribute("visibility", "hidden");
    reading.hidden = true;
  };
  const move = (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    show(nearest(steps, low + (x - left) / (right - left) * (high - low)));
  };
  svg.addEventListener("pointermove", move);
  svg.addEventListener("pointerdown", move);
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10}[event.key];
    if (!by) return;
    event.preventDefault();
    show(Math.min(steps.length - 1, Math.max(0, at + by)));
  });
});
