// How components look on the canvas: their name, what an analyst has set, and a shape instead of a control. What they
// look like to people is shown by the preview, which the server renders.
import { Default, FormRenderContext, Group } from "@bpmn-io/form-js-viewer";
import { useContext, useMemo } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { keyNameOf, keyOf } from "./kinds.js";
import { nameOf, pick, readChoices, readWords } from "./words.js";

const SPRITE = document.querySelector("[data-form-editor]").dataset.sprite;
const MAX_SHOWN = 4;

export function Icon({ name, classes = "" }) {
  return <svg class={`i ${classes}`} aria-hidden="true"><use href={`${SPRITE}#${name}`} /></svg>;
}

// The class form-js asks for under the type of a component.
export function makeComponent(type, kind) {
  const Component = ({ field, ...rest }) =>
    kind.shape === "group" ? <Frame field={field} {...rest} /> : <Box field={field} kind={kind} />;
  Component.config = {
    type,
    keyed: keyNameOf(kind) === "key",
    pathed: keyNameOf(kind) === "path",
    repeatable: keyNameOf(kind) === "path",
    name: pick(kind.names),
    group: "basic-input",
    icon: () => null,
    create: (attributes, isNew) => (isNew ? begin(type, kind, attributes) : { ...attributes }),
  };
  return Component;
}

// What a new component holds: enough to be sound, so that the preview goes on.
function begin(type, kind, attributes) {
  const { zh, en } = kind.names;
  const field = { ...kind.start, ...attributes, type, ...kind.variant };
  if (type === "text") return { ...field, text: zh, i18n: { en: { text: en } } };
  if (["rule", "gap"].includes(kind.shape)) return field;
  const choices = kind.choices ? { [kind.choices]: [{ value: "a", label: "甲" }, { value: "b", label: "乙" }] } : {};
  const english = kind.choices ? { [kind.choices]: { a: "A", b: "B" } } : {};
  return { ...field, label: zh, ...choices, i18n: { en: { label: en, ...english } } };
}

export function Root(props) {
  return <Within words="formed.empty"><Default {...props} /></Within>;
}
Root.config = { ...Default.config };

function Frame(props) {
  return (
    <section class="fe-group">
      <Head field={props.field} />
      <Within words="formed.empty.group"><Group {...props} field={{ ...props.field, label: "" }} /></Within>
    </section>
  );
}

// form-js with our words where nothing has been put yet.
function Within({ words, children }) {
  const outer = useContext(FormRenderContext);
  const inner = useMemo(() => ({ ...outer, Empty: () => <p class="fe-empty">{say(words)}</p> }), [outer, words]);
  return <FormRenderContext.Provider value={inner}>{children}</FormRenderContext.Provider>;
}

function Box({ field, kind }) {
  if (kind.shape === "rule") return <hr class="fe-rule" />;
  if (kind.shape === "gap") return <div class="fe-gap"><Icon name="arrow-up-down" /></div>;
  if (kind.shape === "text") return <p class="fe-text">{nameOf(field) || say("formed.no_text")}</p>;
  return (
    <div class={`fe-box fe-${kind.shape}`}>
      <Head field={field} kind={kind} />
      <Shape field={field} kind={kind} />
    </div>
  );
}

function Head({ field, kind }) {
  return (
    <div class="fe-head">
      {kind?.shape === "special" && <Icon name={kind.icon} classes="muted" />}
      <b class="clip">{nameOf(field) || say("formed.no_label")}{field.validate?.required && <span class="req"> *</span>}</b>
      <Marks field={field} />
      {keyOf(field) && <code class="xs muted clip">{keyOf(field)}</code>}
    </div>
  );
}

const MARKS = [
  ["showWhen", "eye", "formed.mark.when"],
  ["personal", "fingerprint-pattern", "formed.mark.personal"],
  ["keep", "file-check", "formed.mark.keep"],
  ["readonly", "lock", "formed.mark.readonly"],
];

function Marks({ field }) {
  return (
    <span class="fe-marks">
      {MARKS.filter(([name]) => field[name]).map(([name, icon, words]) => (
        <span key={name} title={name === "showWhen" ? field.showWhen : say(words)}>
          <Icon name={icon} /><span class="vh">{say(words)}</span>
        </span>
      ))}
    </span>
  );
}

function Shape({ field, kind }) {
  const choices = kind.choices ? readChoices(field, kind.choices) : [];
  switch (kind.shape) {
    case "special":
      return <Special field={field} kind={kind} choices={choices} />;
    case "radio":
    case "check":
      return <ul class="fe-answers">{choices.slice(0, MAX_SHOWN).map((one) => <li key={one.value}>{pick(one.label)}</li>)}
        {choices.length > MAX_SHOWN && <li class="muted">+{choices.length - MAX_SHOWN}</li>}</ul>;
    case "tick":
      return null;
    case "drop":
      return <div class="fe-shape"><Icon name="paperclip" /><span class="clip">{field.accept}</span></div>;
    default:
      return <div class="fe-shape"><span class="push">{unitOf(field)}</span>{field.type === "select" && <Icon name="chevron-down" />}
        {field.type === "datetime" && <Icon name={field.subtype === "time" ? "clock" : "calendar"} />}</div>;
  }
}

function unitOf(field) {
  return pick(readWords(field, "suffixAdorner", field.appearance)) || (field.money ? say("formed.yuan") : field.percent ? "%" : "");
}

function Special({ field, kind, choices }) {
  return (
    <div class="fe-special">
      <span class="badge badge-line">{pick(kind.names)}</span>
      {kind.properties.filter((name) => typeof field[name] === "string" && field[name]).map((name) => <code key={name} class="xs">{field[name]}</code>)}
      {choices.length > 0 && <span class="xs muted">{choices.slice(0, MAX_SHOWN).map((one) => pick(one.label)).join(" · ")}{choices.length > MAX_SHOWN && " …"}</span>}
    </div>
  );
}
