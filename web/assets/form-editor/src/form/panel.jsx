// The properties of the selected component, or the list of all components where none is selected.
import { useEffect, useState } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { Icon } from "./canvas.jsx";
import { Choices } from "./choices.jsx";
import { keyOf } from "./kinds.js";
import { Presence } from "./place.jsx";
import { General, Rules, Special, Storage } from "./properties.jsx";
import { nameOf, pick } from "./words.js";

// What is selected and the whole form, kept up to date with the editor.
function useEditor(editor) {
  const [, setCount] = useState(0);
  useEffect(() => {
    const refresh = () => setCount((count) => count + 1);
    for (const event of ["changed", "selection.changed", "import.done"]) editor.on(event, refresh);
    return () => ["changed", "selection.changed", "import.done"].forEach((event) => editor.off(event, refresh));
  }, [editor]);
  return { field: editor.get("selection").get(), schema: editor._getState().schema };
}

export function Panel({ editor, kinds, context, place }) {
  const { field, schema } = useEditor(editor);
  useEffect(() => { place.scrollTop = 0; }, [field?.id]);
  if (!schema) return null;
  if (!field || field.type === "default") return <Outline {...{ editor, kinds, schema }} />;
  const kind = kinds[field.type];
  const edit = (properties) => {
    editor.get("modeling").editFormField(field, properties);
    editor.get("selection").set(field); // form-js takes a new id for another component
  };
  const parent = editor.get("formFieldRegistry").get(field._parent);
  const isEntry = parent.type === "dynamiclist"; // a field of the entries of a list
  const shared = { field, kind, edit, editor, schema, context, parent, isEntry };
  return (
    <div class="fe-properties" key={field.id}>
      <header class="fe-title">
        <Icon name={kind.icon} />
        <div class="grow"><h2 class="clip">{nameOf(field) || say("formed.no_label")}</h2><p class="xs muted clip">{pick(kind.names)} · <code>{field.type}</code></p></div>
        <button type="button" class="btn btn-quiet btn-i btn-s" aria-label={say("formed.to_list")} title={say("formed.to_list")} onClick={() => editor.get("selection").clear()}><Icon name="list" /></button>
      </header>
      <Section title={say("formed.section.general")}><General {...shared} /></Section>
      {kind.shape === "special" && kind.properties.length > 0 && <Section title={say("formed.section.source")}><Special {...shared} /></Section>}
      {kind.choices && <Section title={say(`formed.section.${kind.choices}`)} count={field[kind.choices]?.length ?? 0}><Choices field={field} name={kind.choices} edit={edit} /></Section>}
      {kind.has.includes("required") && <Section title={say("formed.section.rules")}><Rules {...shared} /></Section>}
      {kind.has.includes("keep") && !isEntry && <Section title={say("formed.section.data")}><Storage {...shared} /></Section>}
      <Section title={say("formed.section.place")}><Presence {...shared} /></Section>
    </div>
  );
}

function Section({ title, count, children }) {
  return (
    <details class="fe-section" open>
      <summary><Icon name="chevron-right" /><h3>{title}</h3>{count !== undefined && <span class="badge num">{count}</span>}</summary>
      <div class="stack">{children}</div>
    </details>
  );
}

function Outline({ editor, kinds, schema }) {
  return (
    <div class="fe-properties">
      <header class="fe-title"><Icon name="file-text" /><div class="grow"><h2>{say("formed.outline")}</h2><p class="xs muted">{say("formed.outline.help")}</p></div></header>
      <ul class="fe-outline">{schema.components.map((one) => <Line key={one.id} {...{ editor, kinds, one }} />)}</ul>
    </div>
  );
}

function Line({ editor, kinds, one }) {
  return (
    <li>
      <button type="button" onClick={() => editor.get("selection").set(one)}>
        <Icon name={kinds[one.type].icon} classes="muted" /><span class="clip">{nameOf(one) || pick(kinds[one.type].names)}</span>{keyOf(one) && <code class="xs muted clip push">{keyOf(one)}</code>}
      </button>
      {one.components?.length > 0 && <ul>{one.components.map((inner) => <Line key={inner.id} {...{ editor, kinds, one: inner }} />)}</ul>}
    </li>
  );
}
