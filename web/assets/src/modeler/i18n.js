// Every text of the modeler in the language of the page. What has no Chinese text is remembered, so that a test can
// name it.
import stock from "bpmn-js-i18n/translations/zn.js"; // the package calls Chinese so
import { language } from "./language.js";
import { english, chinese } from "./texts.js";

const CATALOGUE = language === "zh" ? { ...stock, ...chinese } : english;

export const untranslated = new Set();

export function translate(template, facts = {}) {
  const words = CATALOGUE[template] ?? template;
  if (words === template && language === "zh" && /[A-Za-z]{3}/.test(template)) untranslated.add(template);
  return words.replace(/{([^}]+)}/g, (whole, name) => facts[name] ?? whole);
}

export default { translate: ["value", translate] };
