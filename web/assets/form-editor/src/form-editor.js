// The form editor: form-js with our components, a panel of what the server reads, and the server's rendering beside it.
import { createFormEditor } from "@bpmn-io/form-js-editor";
import { h, render } from "preact";
import { openDraft } from "../../src/studio/draft.js";
import { watchProblems } from "../../src/studio/problems.js";
import { say } from "../../src/studio/texts.js";
import { Icon, makeComponent, Root } from "./form/canvas.jsx";
import { keyOf, listKinds } from "./form/kinds.js";
import { Palette } from "./form/palette.jsx";
import { Panel } from "./form/panel.jsx";
import { openPreview } from "./form/preview.js";
import { makeFactory, removeField, writeSchema } from "./form/schema.js";
import "./form/form-editor.css";

const root = document.querySelector("[data-form-editor]");
const context = JSON.parse(root.dataset.formEditor);
const kinds = listKinds(context.components, context.names);

class Components {
  constructor() {
    this._formFields = { default: Root };
    for (const [type, kind] of Object.entries(kinds)) this._formFields[type] = makeComponent(type, kind);
  }

  get(type) {
    return this._formFields[type];
  }
}

// The words on the button over a selected component.
class RemoveWords {
  constructor(actions) {
    actions.registerProvider(100, this);
  }

  getContextPadEntries() {
    return (entries) => (entries.delete ? { ...entries, delete: { ...entries.delete, title: say("formed.remove") } } : entries);
  }
}
RemoveWords.$inject = ["formFieldContextActions"];

// What stands in for the parts of form-js that ours replace.
const nothing = { attachTo() {}, detach() {}, registerProvider() {} };
const baton = {
  __init__: ["removeWords"],
  formFields: ["type", Components],
  fieldFactory: ["type", makeFactory(kinds)],
  removeWords: ["type", RemoveWords],
  propertiesPanel: ["value", nothing],
  propertiesProvider: ["value", nothing],
  repeatRenderManager: ["value", { isFieldRepeating: () => false }], // an entry of a list is shown once
  validateBehavior: ["value", nothing], // drops a pattern where a format is set; the server takes both
};

// form-js over a schema, without its own palette and panel.
export function makeEditor(schema, container) {
  return createFormEditor({
    schema,
    container,
    additionalModules: [baton],
    palette: { parent: document.createElement("div") },
    propertiesPanel: { parent: document.createElement("div") },
    properties: { ariaLabel: say("formed.canvas") },
  });
}

export { writeSchema };

// Shows a form-js schema; `onChange` gets the text of the schema after every change.
async function openForm(source, onChange) {
  const schema = JSON.parse(source);
  const editor = await makeEditor(schema, root.querySelector("[data-canvas]"));
  const pick = (name) => {
    const found = editor.get("formFieldRegistry").getAll().find((field) => keyOf(field) === name || field.id === name);
    if (found) editor.get("selection").set(found);
  };
  const preview = openPreview(root.querySelector("[data-preview]"), { onPick: pick });
  editor.on("selection.changed", ({ selection }) => {
    if (selection) preview.reveal(keyOf(selection) ?? selection.id);
  });
  editor.on("commandStack.changed", () => {
    const text = writeSchema(editor, schema);
    preview.change(text);
    onChange(text);
  });
  render(h(Palette, { editor, kinds }), root.querySelector("[data-palette]"));
  listenToKeys(editor, root.querySelector("[data-canvas]"));
  const place = document.querySelector("[data-panel]");
  render(h(Panel, { editor, kinds, context, place }), place);
  preview.change(source);
  return pick;
}

// On the canvas: undo, redo, and Delete for the selected component.
function listenToKeys(editor, canvas) {
  canvas.addEventListener("keydown", (event) => {
    const stack = editor.get("commandStack");
    const field = editor.get("selection").get();
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z") event.shiftKey ? stack.redo() : stack.undo();
    else if ((event.ctrlKey || event.metaKey) && key === "y") stack.redo();
    else if (key === "delete" && field) removeField(editor, field);
    else return;
    event.preventDefault();
  });
}

// Says why a form cannot be shown; the draft stays as it is.
function giveUp(error) {
  const reason = say("formed.unreadable.next", { reason: error.message });
  const notice = h("div", { class: "notice notice-bad", role: "alert" }, h(Icon, { name: "circle-alert" }), h("b", null, say("formed.unreadable")), h("span", null, reason));
  root.dataset.view = "nothing";
  render(notice, root.querySelector("[data-canvas]"));
}

const studio = document.getElementById("studio");
const draft = openDraft(studio);
let pick = () => {};
watchProblems(studio, draft, (element) => pick(element));
try {
  pick = await openForm(await draft.load(), (text) => draft.changed(() => text));
  pick(studio.dataset.element);
} catch (error) {
  giveUp(error);
}
root.dataset.state = "ready";
