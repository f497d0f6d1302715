// The kinds of components the server renders, and which properties of each an analyst may set.
// `variant` is what the palette offers besides a type: the same type with some properties set from the start.
const FIELD = ["label", "help", "key", "required", "readonly", "keep", "default"];

const BUILT_IN = {
  textfield: { place: "input", icon: "pen-line", shape: "line", has: [...FIELD, "unit", "length", "format", "pattern", "personal"] },
  textarea: { place: "input", icon: "scroll-text", shape: "lines", has: [...FIELD, "length", "personal"] },
  number: { place: "input", icon: "hash", shape: "line", has: [...FIELD, "money", "percent", "unit", "range", "decimals"] },
  money: { place: "input", icon: "banknote", variant: { type: "number", money: true }, stem: "amount", ending: "_fen" },
  percent: { place: "input", icon: "chart-column", variant: { type: "number", percent: true }, stem: "share", ending: "_bps" },
  datetime: { place: "input", icon: "calendar", shape: "line", has: [...FIELD, "subtype", "personal"], start: { subtype: "date" } },
  filepicker: { place: "input", icon: "paperclip", shape: "drop", has: [...FIELD.filter((one) => one !== "default"), "files"] },
  photo: { place: "input", icon: "camera", variant: { type: "filepicker", accept: "image/*" }, stem: "photo" },
  radio: { place: "choice", icon: "circle", shape: "radio", choices: "values", has: FIELD },
  select: { place: "choice", icon: "menu", shape: "line", choices: "values", has: FIELD },
  checklist: { place: "choice", icon: "list-checks", shape: "check", choices: "values", has: FIELD },
  checkbox: { place: "choice", icon: "check", shape: "tick", has: FIELD },
  group: { place: "frame", icon: "layers", shape: "group", has: ["label", "help"], start: { components: [] } },
  dynamiclist: { place: "frame", icon: "list", shape: "group", keyName: "path", stem: "list", has: ["label", "help", "key", "required", "entries", "keep"], start: { components: [] } },
  text: { place: "frame", icon: "info", shape: "text", has: ["text"] },
  separator: { place: "frame", icon: "minus", shape: "rule", has: [] },
  spacer: { place: "frame", icon: "arrow-up-down", shape: "gap", has: ["height"] },
};
const ICONS = {
  "baton:facts": "list", "baton:settlement_preview": "receipt-text", "baton:checklist_review": "badge-check", "baton:split": "split",
  "baton:merge": "copy", "baton:photos": "camera",
  "baton:place": "map-pin",
};
const STARTS = { "baton:place": { source: "known_places" } };

// All kinds by type: the built-in ones and those registered in the server, which describes them
// ({type, properties, choices, hasValue}); `names` are their names in both languages.
export function listKinds(registered, names) {
  const kinds = structuredClone(BUILT_IN);
  for (const { type, properties, choices, hasValue } of registered) {
    kinds[type] = {
      place: "special",
      icon: ICONS[type] ?? "package",
      shape: "special",
      choices: choices ?? undefined,
      properties: properties.filter((name) => name !== choices && name !== "personal"),
      has: [
        ...(hasValue ? FIELD.filter((one) => one !== "default") : ["label", "help"]),
        ...(properties.includes("personal") ? ["personal"] : []),
      ],
      start: STARTS[type],
    };
  }
  for (const [type, kind] of Object.entries(kinds)) kind.names = names[type] ?? { zh: type, en: type };
  return kinds;
}

export const PLACES = ["input", "choice", "frame", "special"];

// The property that holds the key of a component: form-js calls that of a list its path. None where there is no key.
export function keyNameOf(kind) {
  return kind.has?.includes("key") ? kind.keyName ?? "key" : undefined;
}

export const keyOf = (field) => (field.type === "dynamiclist" ? field.path : field.key);
