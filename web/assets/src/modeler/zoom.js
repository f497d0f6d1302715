// The zoom buttons below the canvas: out, the present size (back to full size), in, all of it.
import { fit } from "./diagram.js";

export function watchZoom(root, viewer) {
  const [canvas, zoomScroll] = [viewer.get("canvas"), viewer.get("zoomScroll")];
  const size = root.querySelector("[data-zoom-size]");
  const tell = () => {
    size.textContent = `${Math.round(canvas.zoom() * 100)} %`;
  };
  for (const button of root.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoomScroll.stepZoom(Number(button.dataset.zoom)));
  }
  size.addEventListener("click", () => canvas.zoom(1, "auto"));
  root.querySelector("[data-zoom-fit]").addEventListener("click", () => fit(viewer));
  viewer.on("canvas.viewbox.changed", tell);
  tell();
}
