// What every view of a diagram shares: our attributes, the colours of the page, and how a file is shown.
import camundaModdle from "camunda-bpmn-moddle/resources/camunda.json";
import { batonModdle } from "./baton.js";

// What equals its default is left out on saving. A binding that was written down stays: it was meant.
function keepBinding(property) {
  return property.name === "calledElementBinding" ? { ...property, default: undefined } : property;
}

const camunda = {
  ...camundaModdle,
  types: camundaModdle.types.map((type) => ({ ...type, properties: type.properties?.map(keepBinding) ?? [] })),
};
export const moddleExtensions = { camunda, baton: batonModdle };
export const LOOKS = {
  bpmnRenderer: {
    defaultFillColor: "var(--surface)",
    defaultStrokeColor: "var(--stroke)",
    defaultLabelColor: "var(--text)",
  },
  textRenderer: { defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily } },
};

// A whole diagram drawn smaller than this cannot be read: its beginning is shown instead.
const OVERVIEW = 0.5;
const LEGIBLE = 0.8;
const MARGIN = 24;
const PALETTE = 72;

// Shows a file and gives what went wrong in reading it: what was not understood would be lost on saving.
export async function show(viewer, xml) {
  const { warnings } = await viewer.importXML(xml);
  fit(viewer, OVERVIEW);
  return warnings.map(({ message }) => message);
}

// All of the diagram, beside the palette where there is one; not smaller than `least`.
export function fit(viewer, least = 0) {
  const canvas = viewer.get("canvas");
  const { inner, outer } = canvas.viewbox();
  const left = viewer.get("palette", false) ? PALETTE : MARGIN;
  const [width, height] = [outer.width - left - MARGIN, outer.height - 2 * MARGIN];
  const whole = Math.min(1, width / inner.width, height / inner.height);
  const scale = whole < least ? LEGIBLE : whole;
  const top = Math.max(MARGIN, (outer.height - inner.height * scale) / 2);
  const start = Math.max(left, whole < least ? 0 : left + (width - inner.width * scale) / 2);
  canvas.viewbox({
    x: inner.x - start / scale,
    y: inner.y - top / scale,
    width: outer.width / scale,
    height: outer.height / scale,
  });
}
