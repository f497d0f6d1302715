// Entries of the properties panel, made from plain descriptions: {id, label, get, set, kind, options, hint, mono}.
// `id` is also what findings name when they ask for a field to be opened.
import {
  CheckboxEntry,
  SelectEntry,
  TextAreaEntry,
  TextFieldEntry,
  isCheckboxEntryEdited,
  isSelectEntryEdited,
  isTextAreaEntryEdited,
  isTextFieldEntryEdited,
} from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { useEffect } from "@bpmn-io/properties-panel/preact/hooks";
import { useService } from "bpmn-js-properties-panel";

const KINDS = {
  text: [TextFieldEntry, isTextFieldEntryEdited],
  area: [TextAreaEntry, isTextAreaEntryEdited],
  select: [SelectEntry, isSelectEntryEdited],
  check: [CheckboxEntry, isCheckboxEntryEdited],
};

// A label may carry the name in the file beside the words: {words, code, isRequired}.
function labelOf(label, translate) {
  if (typeof label === "string") return translate(label);
  return h("span", null, label.words, " ", h("code", null, label.code), label.isRequired ? " *" : "");
}

// A hint is a text or a link to what the field names.
function hintOf(hint, translate) {
  if (typeof hint !== "object") return hint && translate(hint);
  return h("a", { href: hint.link, target: "_blank", rel: "noopener" }, translate(hint.label));
}

function Entry({ element, id, field }) {
  const translate = useService("translate");
  const debounce = useService("debounceInput");
  const [component] = KINDS[field.kind ?? "text"];
  const suggestions = `${id}-suggestions`;
  useEffect(() => {
    if (field.suggest) document.getElementById(`bio-properties-panel-${id}`)?.setAttribute("list", suggestions);
  });
  const entry = h(component, {
    element,
    id,
    label: labelOf(field.label, translate),
    description: hintOf(field.hint, translate),
    getValue: field.get,
    setValue: field.set,
    getOptions:
      field.options &&
      (() => field.options.map(({ value, label, words }) => ({ value, label: words ? translate(words) : label }))),
    debounce,
    translate,
    autoResize: field.kind === "area",
  });
  const options = field.suggest?.map(({ key, name }) => h("option", { value: key }, name));
  return h(
    "div",
    { class: field.mono ? "in-code" : undefined },
    entry,
    options && h("datalist", { id: suggestions }, options),
  );
}

export function toEntry(field) {
  return { id: field.id, component: Entry, field, isEdited: KINDS[field.kind ?? "text"][1] };
}

// The options of a select: what is offered, and the present value even where it is offered no longer, so that opening a
// diagram changes nothing. `words` are translated, a `label` is shown as it is.
export function choose(values, current) {
  const known = values.some(({ value }) => value === current);
  return [{ value: "", words: "None" }, ...values, ...(known || !current ? [] : [{ value: current, label: current }])];
}
