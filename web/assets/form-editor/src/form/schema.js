// Keys and ids as our forms have them, and the schema as it is saved.
import { FieldFactory } from "@bpmn-io/form-js-viewer";
import { keyNameOf, keyOf } from "./kinds.js";

// Gives new components a key people can read (`text_1`, not `textfield_x7k2`) and an id that is the key.
export function makeFactory(kinds) {
  class Factory extends FieldFactory {
    givenIds = new Set();

    create(attributes, isNew = true) {
      const kind = kinds[attributes.type];
      return super.create(isNew && kind ? { ...attributes, ...this.nameNew(attributes.type, kind) } : attributes, isNew);
    }

    nameNew(type, kind) {
      const stem = kind.stem ?? type.replace("baton:", "").replace("textfield", "text");
      for (let number = 1; ; number++) {
        const name = `${stem}_${number}${kind.ending ?? ""}`;
        const keyName = keyNameOf(kinds[kind.variant?.type] ?? kind);
        if (this.isFree(name)) return keyName ? { [keyName]: name, id: name } : { id: name };
      }
    }

    isFree(name) {
      const all = Object.values(this._formFieldRegistry._formFields);
      return !all.some((field) => keyOf(field) === name || field.id === name);
    }

    _ensureId(field) {
      const key = keyOf(field);
      if (!field.id && key && !this._formFieldRegistry._ids.assigned(key)) {
        field.id = key;
        this.givenIds.add(field.id);
      }
      super._ensureId(field);
    }
  }
  Factory.$inject = FieldFactory.$inject;
  return Factory;
}

export function removeField(editor, field) {
  const parent = editor.get("formFieldRegistry").get(field._parent);
  editor.get("modeling").removeFormField(field, parent, parent.components.indexOf(field));
}

// The schema as text, without what form-js added for itself: an id where there was none, a row for each component.
export function writeSchema(editor, source) {
  const { givenIds } = editor.get("fieldFactory");
  const known = new Set(listRows(source));
  return `${JSON.stringify(tidy(editor.saveSchema(), givenIds, known), null, 2)}\n`;
}

function listRows(part) {
  return [part.layout?.row, ...(part.components ?? []).flatMap(listRows)].filter(Boolean);
}

function tidy(part, givenIds, known) {
  if (!part.components) return part;
  const rows = part.components.map((one) => one.layout?.row);
  const components = part.components.map((one) => {
    const kept = { ...one };
    const row = one.layout?.row;
    if (givenIds.has(kept.id)) delete kept.id;
    if (row && !known.has(row) && rows.indexOf(row) === rows.lastIndexOf(row)) delete kept.layout;
    return tidy(kept, givenIds, known);
  });
  return { ...part, components };
}
