// Stands in for bpmn-js/lib/util/LabelUtil (see build.mjs): on an English page diagrams show, and their labels edit,
// the English names. What has no name in English is shown by its Chinese one.
import {
  getExternalLabelBounds as getBounds,
  getLabel as getName,
  setLabel as setName,
} from "bpmn-js/lib/util/LabelUtil.js";
import { is } from "bpmn-js/lib/util/ModelUtil.js";
import { language, NAME } from "./language.js";

export {
  DEFAULT_LABEL_SIZE,
  FLOW_LABEL_INDENT,
  getExternalLabelMid,
  getFlowLabelPosition,
  getWaypointsMid,
  hasExternalLabel,
  isExternalLabel,
  isLabel,
  isLabelExternal,
} from "bpmn-js/lib/util/LabelUtil.js";

const NAMED = ["bpmn:Process", "bpmn:FlowElement", "bpmn:Participant", "bpmn:Lane", "bpmn:MessageFlow"];

function holdsEnglish({ businessObject }) {
  return language === "en" && NAMED.some((type) => is(businessObject, type));
}

export function getLabel(element) {
  return (holdsEnglish(element) && element.businessObject.get(NAME.en)) || getName(element);
}

export function setLabel(element, text) {
  if (!holdsEnglish(element)) return setName(element, text);
  element.businessObject.set(NAME.en, text || undefined);
  return element;
}

// Room for English words where the drawing leaves that of two Chinese characters; the side towards the element stays.
const ROOM = 76;

export function getExternalLabelBounds(di, element) {
  const bounds = getBounds(di, element);
  const more = language === "en" ? Math.max(0, ROOM - bounds.width) : 0;
  const middle = element.waypoints ? -Infinity : element.x + element.width / 2;
  const offset = bounds.x + bounds.width / 2 - middle;
  const share = Math.abs(offset) < 15 ? 0.5 : offset > 0 ? 0 : 1;
  return { ...bounds, x: bounds.x - more * share, width: bounds.width + more };
}
