// Stands in for bpmn-js/lib/util/LabelUtil (see build.mjs): on an English page diagrams show, and their labels edit,
// the English names. What has no name in English is shown by its Chinese one.
import { getLabel as getName, setLabel as setName } from "bpmn-js/lib/util/LabelUtil.js";
import { is } from "bpmn-js/lib/util/ModelUtil.js";
import { language, NAME } from "./language.js";

export {
  DEFAULT_LABEL_SIZE,
  FLOW_LABEL_INDENT,
  getExternalLabelBounds,
  getExternalLabelMid,
  getFlowLabelPosition,
  getWaypointsMid,
  hasExternalLabel,
  isExternalLabel,
  isLabel,
  isLabelExternal,
} from "bpmn-js/lib/util/LabelUtil.js";

const NAMED = ["bpmn:FlowElement", "bpmn:Participant", "bpmn:Lane", "bpmn:MessageFlow"];

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
