// Every text of the modeler in the language of the page. What has no Chinese text is remembered, so that a test can
// name it.
import stock from "bpmn-js-i18n/translations/zn.js"; // the package calls Chinese so
import { language } from "./language.js";
import { chinese, english } from "./texts.js";

const CHINESE = { ...stock, ...chinese };

export const untranslated = new Set();

export function translate(template, facts = {}) {
  const key = template in CHINESE ? template : toSentence(template);
  const isKnown = key in CHINESE;
  if (!isKnown && /[A-Za-z]{3}/.test(template)) untranslated.add(template);
  const words = language === "zh" ? CHINESE[key] : (english[key] ?? (isKnown ? key : template));
  return (words ?? template).replace(/{([^}]+)}/g, (whole, name) => facts[name] ?? whole);
}

// Kinds of elements are written in two ways: "Timer Boundary Event (Non Interrupting)" is the one of the panel.
function toSentence(words) {
  const small = words.toLowerCase().replace("sub process", "sub-process").replace("event based", "event-based");
  return small.charAt(0).toUpperCase() + small.slice(1).replace("(non interrupting)", "(non-interrupting)");
}

export default { translate: ["value", translate] };
