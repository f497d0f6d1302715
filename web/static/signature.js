// A signature drawn with finger, pen or mouse: strokes of whole points, kept as the data of an SVG path in a hidden
// field. Without this script the name is typed alone.
"use strict";
{
  const LEAST = 3; // points nearer than that to the last one say nothing new

  const prepare = (pad) => {
    if (!pad.hidden) return;
    pad.hidden = false;
    const drawing = pad.querySelector("svg");
    const line = drawing.querySelector("path");
    const kept = pad.parentElement.querySelector("input[type=hidden][name$='-path']");
    const { width, height } = drawing.viewBox.baseVal;
    let last = null;

    const find = (event) => {
      const box = drawing.getBoundingClientRect();
      const scale = (value, from, size, limit) => Math.round(Math.min(Math.max(((value - from) / size) * limit, 0), limit));
      return [scale(event.clientX, box.left, box.width, width), scale(event.clientY, box.top, box.height, height)];
    };
    const add = (letter, [x, y]) => {
      line.setAttribute("d", `${line.getAttribute("d") ?? ""}${letter}${x} ${y}`);
      last = [x, y];
    };
    const keep = () => {
      // a stroke of one point is a dot: SVG draws it as a line to where it began
      kept.value = (line.getAttribute("d") ?? "").replace(/M(\d+ \d+)(?=M|$)/g, "M$1L$1");
      line.setAttribute("d", kept.value);
      kept.dispatchEvent(new Event("input", { bubbles: true }));
    };

    drawing.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      drawing.setPointerCapture(event.pointerId);
      add("M", find(event));
    });
    drawing.addEventListener("pointermove", (event) => {
      if (!last) return;
      const point = find(event);
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= LEAST) add("L", point);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      drawing.addEventListener(name, () => {
        if (!last) return;
        last = null;
        keep();
      });
    }
    pad.querySelector("[data-sign-clear]").addEventListener("click", () => {
      line.setAttribute("d", "");
      keep();
    });
  };

  const look = () => document.querySelectorAll("[data-sign-pad]").forEach(prepare);
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}
