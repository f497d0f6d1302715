// A draft in the modeler: saved after every change, its problems shown in the panel, on the canvas and at their fields.
import { openDraft } from "../studio/draft.js";
import { watchProblems } from "../studio/problems.js";
import { watchArrange } from "./arrange.js";
import { checkDrawing } from "./checks.js";
import { show } from "./diagram.js";
import { createModeler } from "./editor.js";
import { fieldOf } from "./fields-of-rules.js";
import { listFixes } from "./fixes.js";
import { translate, untranslated } from "./i18n.js";
import { Marks } from "./marks.js";
import { loadOffers } from "./offers.js";
import { watchZoom } from "./zoom.js";

const PAUSE_MILLISECONDS = 300;

export async function start(root) {
  const draft = openDraft(root);
  const canvas = root.querySelector("[data-modeler]");
  const [offers, xml] = await Promise.all([loadOffers(canvas.dataset.modeler), draft.load()]);
  const modeler = createModeler({ canvas, panel: root.querySelector("[data-panel]"), offers });
  const lost = await show(modeler, xml);
  const problems = showProblems(root, draft, modeler, lost);
  modeler.on("commandStack.changed", ({ trigger }) => {
    if (trigger === "clear") return;
    if (lost.length === 0) draft.changed(async () => (await modeler.saveXML({ format: true })).xml);
    problems.check();
  });
  watchZoom(root, modeler);
  if (lost.length === 0) watchArrange(root, modeler, draft);
  new ResizeObserver(() => modeler.get("canvas").resized()).observe(canvas);
  if (root.dataset.element) problems.pick(root.dataset.element);
  Object.assign(canvas, { modeler, lost, untranslated });
  canvas.dataset.state = "ready";
}

// What was lost in reading would be lost in the file, so nothing is saved then; the first finding says so.
function listLost(lost) {
  const message = translate(
    "Part of this file is not understood. Changes here are not saved: edit the file elsewhere.",
  );
  return lost.map((detail) => ({
    element: "",
    rule: "diagram-lost",
    severity: "error",
    message: `${message} (${detail})`,
  }));
}

function showProblems(root, draft, modeler, lost) {
  const marks = new Marks(modeler);
  const eventBus = modeler.get("eventBus");
  const selection = modeler.get("selection");
  let drawn = [];
  let timer = 0;

  const pick = (id, finding) => {
    const element = marks.go(id);
    if (!element) return;
    selection.select(element);
    const field = finding && fieldOf(finding);
    if (field) requestAnimationFrame(() => eventBus.fire("propertiesPanel.showEntry", { id: field }));
  };
  const more = () => [...listLost(lost), ...drawn];
  const fixes = (finding) => listFixes(modeler, marks.find(finding.element), finding);
  const panel = watchProblems(root, draft, pick, more, fixes);
  const refresh = () => {
    marks.draw(panel.list());
    const chosen = selection.get()[0];
    const here = panel.list().filter(({ element, severity }) => severity === "error" && marks.find(element) === chosen);
    const errors = Object.fromEntries(here.map((one) => [fieldOf(one), one.message]));
    eventBus.fire("propertiesPanel.setErrors", { errors });
  };
  const check = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      drawn = await checkDrawing(modeler.getDefinitions());
      panel.refresh();
      refresh();
    }, PAUSE_MILLISECONDS);
  };
  eventBus.on("selection.changed", () => {
    requestAnimationFrame(refresh); // a value given back would keep the event from the others
  });
  draft.addEventListener("findings", refresh);
  check();
  return { check, pick };
}
