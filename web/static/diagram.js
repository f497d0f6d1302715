// Draws `<div class="canvas" data-diagram="<address of the BPMN>" data-marks='{"<element>": "now"}'>`, read only.
// Marks are those of diagram.css; `data-notes` puts a number or a word on an element, `data-show` names the element to
// begin with: the plane it stands in is open. Whoever changes the first two later sends the canvas an event `marked`;
// the plane that is open and what is seen of it stay.
"use strict";

const COLOURS = {
  defaultFillColor: "var(--surface)",
  defaultStrokeColor: "var(--stroke)",
  defaultLabelColor: "var(--text)",
};
// A whole diagram drawn smaller than this cannot be read (phones): show the part where the case is instead.
const OVERVIEW = 0.4;
const LEGIBLE = 0.7;
// The boxes of labels are as wide as their Chinese; the English of a label may be as wide as this before it wraps.
const WIDEST_LABEL = 132;
const GAP = 4;
const BEFORE = 80; // what is seen to the left of where a diagram begins
const LABEL_FONT = "11px Arial, sans-serif";
const HERE = ["now", "err", "sel"]; // what to show where not all can be seen
const ALWAYS_SHOWN = { show: { minZoom: 0 }, scale: { min: 0.8, max: 1.25 } };

// Names are Chinese in the file; their English stands beside them in an attribute of our namespace.
function translate(xml) {
  if (document.documentElement.lang !== "en") return xml;
  const tree = new DOMParser().parseFromString(xml, "application/xml");
  const names = new Map();
  for (const element of tree.querySelectorAll("*")) {
    const english = [...element.attributes].find((attribute) => attribute.localName === "nameEn");
    if (!english) continue;
    element.setAttribute("name", english.value);
    names.set(element.id, english.value);
  }
  widenLabels(tree, names);
  return new XMLSerializer().serializeToString(tree);
}

const read = (bounds) => ["x", "y", "width", "height"].map((side) => Number(bounds.getAttribute(side)));

// An English label may take the room beside it that no other label or shape needs, away from what it belongs to.
function widenLabels(tree, names) {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = LABEL_FONT;
  const boxes = [...tree.getElementsByTagNameNS("*", "Bounds")];
  for (const bounds of boxes.filter((one) => one.parentElement.localName === "BPMNLabel")) {
    const drawn = bounds.parentElement.parentElement;
    const name = names.get(drawn.getAttribute("bpmnElement"));
    const [x, , width] = read(bounds);
    const lacking = name ? Math.min(WIDEST_LABEL, Math.ceil(ruler.measureText(name).width) + 4) - width : 0;
    if (lacking <= 0) continue;
    const own = boxes.find((one) => one.parentElement === drawn);
    const centre = own ? read(own)[0] + read(own)[2] / 2 : x + width / 2;
    const share = x >= centre ? 0 : x + width <= centre ? 1 : 0.5;
    const [before, after] = findRoom(bounds, own, boxes);
    const left = Math.min(before, lacking * share);
    bounds.setAttribute("x", x - left);
    bounds.setAttribute("width", width + left + Math.min(after, lacking * (1 - share)));
  }
}

// How far a label can grow to the left and to the right; what lies around it, such as a lane, is not in its way.
function findRoom(bounds, own, boxes) {
  const [x, y, width, height] = read(bounds);
  const room = [WIDEST_LABEL, WIDEST_LABEL];
  for (const box of boxes) {
    const [left, top, wide, high] = read(box);
    if (box === bounds || box === own || top >= y + height || top + high <= y) continue;
    if (left >= x + width / 2) room[1] = Math.min(room[1], left - x - width - GAP);
    else if (left + wide <= x + width / 2) room[0] = Math.min(room[0], x - left - wide - GAP);
  }
  return room.map((free) => Math.max(0, free));
}

function make(className, words = "") {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = words;
  return made;
}

// Puts marks and notes on a drawn diagram, in place of those before; `marked` remembers them by element.
function mark(viewer, host, marked) {
  const [canvas, overlays, elements] = ["canvas", "overlays", "elementRegistry"].map((name) => viewer.get(name));
  for (const [id, className] of marked) canvas.removeMarker(id, className);
  marked.clear();
  for (const type of ["baton", "note"]) overlays.remove({ type });
  for (const [id, className] of Object.entries(JSON.parse(host.dataset.marks ?? "{}"))) {
    if (!elements.get(id)) continue;
    canvas.addMarker(id, className);
    marked.set(id, className);
    if (className === "now") overlays.add(id, "baton", { position: { top: -6, right: 20 }, html: make("diagram-baton") });
  }
  for (const [id, words] of Object.entries(JSON.parse(host.dataset.notes ?? "{}"))) {
    if (elements.get(id)) overlays.add(id, "note", { position: { top: -9, left: -6 }, html: make("diagram-note", words) });
  }
}

// Shows the whole plane, or where it would be too small to read the part where the case is, else where it begins.
function frame(viewer, marked) {
  const [canvas, elements] = ["canvas", "elementRegistry"].map((name) => viewer.get(name));
  canvas.zoom("fit-viewport", "auto");
  if (canvas.zoom() >= OVERVIEW) return;
  canvas.zoom(LEGIBLE);
  const isBegin = (one) => one.type === "bpmn:StartEvent" && canvas.findRoot(one) === canvas.getRootElement();
  const [begin] = elements.filter(isBegin).sort((one, other) => one.x - other.x);
  const box = canvas.viewbox();
  if (begin) canvas.viewbox({ ...box, x: begin.x - BEFORE, y: begin.y - box.height / 2 });
  follow(viewer, marked);
}

// Scrolls to where the case is, unless that is in sight already.
function follow(viewer, marked) {
  const [canvas, elements] = ["canvas", "elementRegistry"].map((name) => viewer.get(name));
  const here = [...marked].filter(([, className]) => HERE.includes(className)).map(([id]) => elements.get(id));
  const open = here.filter((element) => canvas.findRoot(element) === canvas.getRootElement());
  const { x, y, width, height } = canvas.viewbox();
  const isSeen = (one) =>
    one.x >= x && one.y >= y && one.x + one.width <= x + width && one.y + one.height <= y + height;
  if (open.length && !open.some(isSeen)) canvas.scrollToElement(open[0]);
}

// What a host names, ready to be drawn; nothing if it cannot be had.
async function load(host) {
  const answer = await fetch(host.dataset.diagram);
  if (!answer.ok) return null;
  const xml = await answer.text();
  if (/BPMNPlane/.test(xml)) return translate(xml);
  host.textContent = host.dataset.undrawn;
  return null;
}

function draw(host) {
  const viewer = new BpmnJS({ container: host, bpmnRenderer: COLOURS, overlays: { defaults: ALWAYS_SHOWN } });
  const canvas = viewer.get("canvas");
  const [marked, framed] = [new Map(), new Set()];
  let drawn = "";
  const show = () => {
    framed.add(canvas.getRootElement());
    frame(viewer, marked);
  };
  // The first diagram, or another one, as of a case that was moved to another version: the plane that was open opens
  // again if it has it.
  const redraw = async () => {
    const plane = drawn && canvas.getRootElement().id;
    const wanted = host.dataset.diagram;
    host.classList.remove("drawn");
    drawn = "";
    const xml = await load(host);
    if (xml === null) return;
    marked.clear();
    framed.clear();
    host.replaceChildren();
    viewer.attachTo(host);
    await viewer.importXML(xml);
    drawn = wanted;
    const same = canvas.getRootElements().find((root) => root.id === plane);
    const asked = !plane && viewer.get("elementRegistry").get(host.dataset.show);
    if (same || asked) canvas.setRootElement(same || canvas.findRoot(asked));
    mark(viewer, host, marked);
    show();
    host.classList.add("drawn");
  };
  viewer.on("root.set", 500, ({ element }) => {
    if (host.classList.contains("drawn") && !framed.has(element)) show();
  });
  const update = async () => {
    if (host.dataset.diagram !== drawn) return redraw();
    mark(viewer, host, marked);
    follow(viewer, marked);
  };
  // One after the other; what could not be had once is asked for again at the next moment.
  let shown = update();
  host.addEventListener("marked", () => { shown = shown.then(update, update); });
}

for (const host of document.querySelectorAll("[data-diagram]")) draw(host);
