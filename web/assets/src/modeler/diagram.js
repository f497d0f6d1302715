// What every view of a diagram shares: our attributes, the colours of the page, and how a file is shown.
import camundaModdle from "camunda-bpmn-moddle/resources/camunda.json";
import { batonModdle } from "./baton.js";

export const moddleExtensions = { camunda: camundaModdle, baton: batonModdle };
export const COLOURS = {
  defaultFillColor: "var(--surface)",
  defaultStrokeColor: "var(--stroke)",
  defaultLabelColor: "var(--text)",
};

// A whole diagram drawn smaller than this cannot be read: its beginning is shown instead, beside the palette.
const OVERVIEW = 0.5;
const LEGIBLE = 0.8;
const MARGIN = { left: 90, top: 40 };

// Shows a file and gives what went wrong in reading it: what was not understood would be lost on saving.
export async function show(viewer, xml) {
  const { warnings } = await viewer.importXML(xml);
  const canvas = viewer.get("canvas");
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() < OVERVIEW) {
    const { inner, outer } = canvas.viewbox();
    const [width, height] = [outer.width / LEGIBLE, outer.height / LEGIBLE];
    canvas.viewbox({ x: inner.x - MARGIN.left / LEGIBLE, y: inner.y - MARGIN.top / LEGIBLE, width, height });
  }
  return warnings.map(({ message }) => message);
}
