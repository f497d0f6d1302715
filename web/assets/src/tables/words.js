// What dmn-js says, in Chinese. In English it says what it says by itself.
import { language } from "../studio/texts.js";
import { CHINESE } from "./chinese.js";

export function translate(template, replacements = {}) {
  const words = language === "zh" ? CHINESE[template] ?? template : template;
  return words.replace(/\{\s*(\w+)\s*\}/g, (whole, name) => replacements[name] ?? whole);
}
