// Draws `<div class="canvas" data-diagram="<address of the BPMN>" data-marks='{"<element>": "now"}'>`, read only.
// Marks are those of diagram.css; `data-notes` puts a number or a word on an element.
"use strict";

const COLOURS = {
  defaultFillColor: "var(--surface)",
  defaultStrokeColor: "var(--stroke)",
  defaultLabelColor: "var(--text)",
};
// A whole diagram drawn smaller than this cannot be read (phones): show the part where the case is instead.
const OVERVIEW = 0.4;
const LEGIBLE = 0.7;

// Names are Chinese in the file; their English stands beside them in an attribute of our namespace.
function translate(xml) {
  if (document.documentElement.lang !== "en") return xml;
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  for (const element of tree.querySelectorAll("*")) {
    const english = [...element.attributes].find((attribute) => attribute.localName === "nameEn");
    if (english) element.setAttribute("name", english.value);
  }
  return new XMLSerializer().serializeToString(tree);
}

async function draw(host) {
  const answer = await fetch(host.dataset.diagram);
  if (!answer.ok) return;
  const viewer = new BpmnJS({ container: host, bpmnRenderer: COLOURS });
  await viewer.importXML(translate(await answer.text()));
  const [canvas, overlays, elements] = ["canvas", "overlays", "elementRegistry"].map((name) => viewer.get(name));
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() < OVERVIEW) canvas.zoom(LEGIBLE);
  for (const [id, mark] of Object.entries(JSON.parse(host.dataset.marks ?? "{}"))) {
    if (!elements.get(id)) continue;
    canvas.addMarker(id, mark);
    if (mark === "now" && canvas.zoom() === LEGIBLE) canvas.scrollToElement(id);
  }
  for (const [id, words] of Object.entries(JSON.parse(host.dataset.notes ?? "{}"))) {
    if (!elements.get(id)) continue;
    const note = document.createElement("span");
    note.className = "diagram-note";
    note.textContent = words;
    overlays.add(id, { position: { top: -9, right: 18 }, html: note });
  }
  host.classList.add("drawn");
}

for (const host of document.querySelectorAll("[data-diagram]")) draw(host);
