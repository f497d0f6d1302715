// Texts of a component in both languages: Chinese stands in the component, English under `i18n.en`.
import { language } from "../../../src/studio/texts.js";

export function readWords(field, name, holder = field) {
  return { zh: holder?.[name] ?? "", en: field.i18n?.en?.[name] ?? "" };
}

// The text in the reader's language, else in the other one.
export function pick({ zh, en }) {
  return language === "zh" ? zh || en : en || zh;
}

// `i18n` with one English text changed; nothing where no text is left.
export function withEnglish(field, name, text) {
  const english = { ...field.i18n?.en, [name]: text };
  if (isEmpty(text)) delete english[name];
  const i18n = { ...field.i18n, en: english };
  if (isEmpty(english)) delete i18n.en;
  return isEmpty(i18n) ? undefined : i18n;
}

// An object with one property changed; nothing where no property is left.
export function withProperty(holder, name, value) {
  const changed = { ...holder, [name]: value };
  if (isEmpty(value)) delete changed[name];
  return isEmpty(changed) ? undefined : changed;
}

export function isEmpty(value) {
  return value === undefined || value === null || value === "" || value === false
    || (typeof value === "object" && Object.keys(value).length === 0);
}

// The name of a component as people know it. A datetime without a label has one of form-js's own.
export function nameOf(field) {
  const own = { text: "text", datetime: field.label ? "label" : field.subtype === "time" ? "timeLabel" : "dateLabel" }[field.type] ?? "label";
  const words = readWords(field, own);
  return pick({ zh: words.zh, en: field.i18n?.en?.[own] ?? field.i18n?.en?.label ?? "" });
}

// Declared answers with their texts. English by value: a label, or both texts.
export function readChoices(field, name) {
  const english = field.i18n?.en?.[name] ?? {};
  return (field[name] ?? []).map(({ value, label = "", description = "" }) => {
    const own = english[value];
    const texts = typeof own === "object" ? own : { label: own };
    return { value, label: { zh: label, en: texts?.label ?? "" }, help: { zh: description, en: texts?.description ?? "" } };
  });
}

// The properties that hold these answers.
export function writeChoices(field, name, choices) {
  const english = {};
  for (const { value, label, help } of choices) {
    if (help.en) english[value] = { label: label.en, description: help.en };
    else if (label.en) english[value] = label.en;
  }
  const listed = choices.map(({ value, label, help }) => ({ value, label: label.zh, ...(help.zh ? { description: help.zh } : {}) }));
  return { [name]: listed, i18n: withEnglish(field, name, english) };
}
