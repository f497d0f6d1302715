// The groups of properties: each writes what the server reads of a component, and nothing else.
import { useState } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { keyNameOf, keyOf } from "./kinds.js";
import { NumberEntry, SelectEntry, TextEntry, TickEntry, WordsEntry } from "./entries.jsx";
import { nameOf, pick, readChoices, readWords, withEnglish, withProperty } from "./words.js";

const KEY = /^[a-z][a-z0-9_]{0,63}$/;

export function General({ field, kind, edit, schema, parent, isEntry }) {
  const has = (name) => kind.has.includes(name);
  const id = `fe-${field.id}`;
  const speak = (name) => (tongue, text) => edit(tongue === "zh" ? { [name]: text || undefined } : { i18n: withEnglish(field, name, text) });
  return (
    <>
      {has("text") && <WordsEntry id={`${id}-text`} label={say("formed.text")} lines={3} words={readWords(field, "text")} onCommit={speak("text")} />}
      {has("label") && <WordsEntry id={`${id}-label`} label={say("formed.label")} words={readWords(field, "label")} onCommit={speak("label")} />}
      {has("help") && <WordsEntry id={`${id}-help`} label={say("formed.help")} lines={2} words={readWords(field, "description")} onCommit={speak("description")} />}
      {has("key") && <Key {...{ id, field, kind, edit, others: isEntry ? parent.components : listFields(schema) }} />}
      {has("subtype") && <SelectEntry id={`${id}-subtype`} label={say("formed.subtype")} value={field.subtype ?? "date"} onCommit={(subtype) => edit({ subtype })}
        options={["date", "time", "datetime"].map((one) => [one, say(`formed.subtype.${one}`)])} />}
      {has("money") && <TickEntry id={`${id}-money`} label={say("formed.money")} help={say("formed.money.help")} value={field.money === true} onCommit={(money) => edit({ money: money || undefined })} />}
      {has("percent") && <TickEntry id={`${id}-percent`} label={say("formed.percent")} help={say("formed.percent.help")} value={field.percent === true} onCommit={(percent) => edit({ percent: percent || undefined })} />}
      {has("unit") && !field.money && !field.percent && <Unit {...{ id, field, edit }} />}
      {has("height") && <NumberEntry id={`${id}-height`} label={say("formed.height")} whole value={field.height} onCommit={(height) => edit({ height })} />}
      {has("default") && <Default {...{ id, field, edit }} />}
    </>
  );
}

// A key must be fit and free, or form-js could not open the form again. Where the id is the key, it stays so.
function Key({ id, field, kind, edit, others }) {
  const [refused, setRefused] = useState("");
  const own = keyOf(field);
  const rename = (text) => {
    const key = text.trim();
    const isTaken = others.some((one) => one !== field && (keyOf(one) === key || one.id === key));
    setRefused(!KEY.test(key) ? say("formed.key.unfit") : isTaken ? say("formed.key.taken", { key }) : "");
    if (KEY.test(key) && !isTaken && key !== own) edit({ [keyNameOf(kind)]: key, ...(field.id === own ? { id: key } : {}) });
  };
  const unit = field.money ? "money" : field.percent ? "percent" : "help";
  return <TextEntry id={`${id}-key`} label={say("formed.key")} help={say(`formed.key.${unit}`)} error={refused} mono value={own} onCommit={rename} />;
}

// All components but the fields of the entries of lists, whose keys are their own.
const listFields = (part) => (part.components ?? []).flatMap((one) => [one, ...(one.type === "dynamiclist" ? [] : listFields(one))]);

function Unit({ id, field, edit }) {
  const write = (tongue, text) => edit(tongue === "zh"
    ? { appearance: withProperty(field.appearance, "suffixAdorner", text) }
    : { i18n: withEnglish(field, "suffixAdorner", text) });
  return <WordsEntry id={`${id}-unit`} label={say("formed.unit")} words={readWords(field, "suffixAdorner", field.appearance)} onCommit={write} />;
}

function Default({ id, field, edit }) {
  const label = say("formed.default");
  const write = (value) => edit({ defaultValue: value });
  const chosen = field.defaultValue;
  switch (field.type) {
    case "checkbox":
      return <TickEntry id={`${id}-default`} label={say("formed.default.ticked")} value={chosen === true} onCommit={(ticked) => write(ticked || undefined)} />;
    case "number":
      return <NumberEntry id={`${id}-default`} label={field.money ? say("formed.default.yuan") : label} value={chosen} onCommit={write} />;
    case "radio":
    case "select":
      return <SelectEntry id={`${id}-default`} label={label} value={chosen ?? ""} onCommit={(value) => write(value || undefined)}
        options={[["", say("formed.default.none")], ...readChoices(field, "values").map((one) => [one.value, pick(one.label)])]} />;
    case "checklist":
      return <Ticked {...{ id, label, field, write }} />;
    default:
      return <TextEntry id={`${id}-default`} label={label} help={field.type === "datetime" ? say(`formed.default.${field.subtype ?? "date"}`) : undefined}
        value={chosen} onCommit={(text) => write(text || undefined)} />;
  }
}

function Ticked({ id, label, field, write }) {
  const chosen = field.defaultValue ?? [];
  const toggle = (value, isTicked) => {
    const ticked = (field.values ?? []).map((one) => one.value).filter((one) => (one === value ? isTicked : chosen.includes(one)));
    write(ticked.length ? ticked : undefined);
  };
  return (
    <fieldset class="field"><legend class="label">{label}</legend>
      {readChoices(field, "values").map((one) => <TickEntry key={one.value} id={`${id}-default-${one.value}`} label={pick(one.label)} value={chosen.includes(one.value)} onCommit={(isTicked) => toggle(one.value, isTicked)} />)}
    </fieldset>
  );
}

export function Rules({ field, kind, edit }) {
  const id = `fe-${field.id}`;
  const has = (name) => kind.has.includes(name);
  const rules = field.validate ?? {};
  const rule = (name, value) => edit({ validate: withProperty(field.validate, name, value) });
  const number = (name, whole) => <NumberEntry id={`${id}-${name}`} label={say(`formed.rule.${name}`)} whole={whole} value={rules[name]} onCommit={(value) => rule(name, value)} />;
  return (
    <>
      <TickEntry id={`${id}-required`} label={say(field.type === "checkbox" ? "formed.rule.must_tick" : "formed.rule.required")} value={rules.required === true} onCommit={(value) => rule("required", value)} />
      {has("length") && <div class="grid-2">{number("minLength", true)}{number("maxLength", true)}</div>}
      {has("range") && <div class="grid-2">{number("min")}{number("max")}</div>}
      {has("decimals") && !field.money && <NumberEntry id={`${id}-decimals`} label={say("formed.decimals")} whole value={field.decimalDigits} onCommit={(decimalDigits) => edit({ decimalDigits })} />}
      {has("format") && <SelectEntry id={`${id}-format`} label={say("formed.format")} value={rules.validationType ?? ""} onCommit={(value) => rule("validationType", value)}
        options={["", "email", "phone"].map((one) => [one, say(`formed.format.${one || "any"}`)])} />}
      {has("pattern") && <Pattern {...{ id, field, edit, rule }} />}
      {has("files") && <Files {...{ id, field, edit }} />}
      {has("entries") && <Entries {...{ id, field, edit }} />}
    </>
  );
}

function Pattern({ id, field, edit, rule }) {
  const message = readWords(field, "patternErrorMessage", field.validate);
  const write = (tongue, text) => tongue === "zh" ? rule("patternErrorMessage", text) : edit({ i18n: withEnglish(field, "patternErrorMessage", text) });
  return (
    <>
      <TextEntry id={`${id}-pattern`} label={say("formed.pattern")} help={say("formed.pattern.help")} mono value={field.validate?.pattern} onCommit={(text) => rule("pattern", text)} />
      {(field.validate?.pattern || message.zh || message.en) && <WordsEntry id={`${id}-mismatch`} label={say("formed.pattern.message")} words={message} onCommit={write} />}
    </>
  );
}

function Files({ id, field, edit }) {
  const several = (isTicked) => edit({ multiple: isTicked || undefined, max_files: isTicked ? field.max_files : undefined });
  return (
    <>
      <TextEntry id={`${id}-accept`} label={say("formed.accept")} help={say("formed.accept.help")} mono value={field.accept} onCommit={(text) => edit({ accept: text.trim() || undefined })} />
      <TickEntry id={`${id}-multiple`} label={say("formed.multiple")} value={field.multiple === true} onCommit={several} />
      {field.multiple && <NumberEntry id={`${id}-max-files`} label={say("formed.max_files")} help={say("formed.max_files.help")} whole value={field.max_files} onCommit={(max_files) => edit({ max_files })} />}
      <NumberEntry id={`${id}-max-mb`} label={say("formed.max_mb")} help={say("formed.max_mb.help")} whole value={field.max_mb} onCommit={(max_mb) => edit({ max_mb })} />
    </>
  );
}

// How many entries a list may have, and what one of their numbers adds up to.
function Entries({ id, field, edit }) {
  const numbers = (field.components ?? []).filter((one) => one.type === "number");
  const { field: summed = "", is } = field.sum ?? {};
  const shown = numbers.find((one) => one.key === summed);
  const unit = shown?.money || shown?.percent ? 100 : 1; // typed in yuan or per cent, kept in fen or basis points
  const choose = (key) => edit({ sum: key ? { field: key, is: is ?? 100 * unit } : undefined });
  return (
    <>
      <NumberEntry id={`${id}-max-entries`} label={say("formed.max_entries")} help={say("formed.max_entries.help")} whole value={field.max_entries} onCommit={(max_entries) => edit({ max_entries })} />
      {(numbers.length > 0 || summed) && <SelectEntry id={`${id}-sum`} label={say("formed.sum")} value={summed} onCommit={choose}
        options={[["", say("formed.default.none")], ...numbers.map((one) => [one.key, `${nameOf(one)} · ${one.key}`])]} />}
      {summed && <NumberEntry id={`${id}-sum-is`} label={say("formed.sum.is")} value={is === undefined ? undefined : is / unit} onCommit={(value) => value !== undefined && edit({ sum: { field: summed, is: Math.round(value * unit) } })} />}
    </>
  );
}

export function Storage({ field, kind, edit }) {
  const id = `fe-${field.id}`;
  return (
    <>
      {(kind.has.includes("personal") || field.personal) && <TextEntry id={`${id}-personal`} label={say("formed.personal")} help={say("formed.personal.help")} mono list="fe-subjects" value={field.personal?.subject}
        onCommit={(text) => edit({ personal: withProperty(undefined, "subject", text.trim()) })} />}
      <TickEntry id={`${id}-keep`} label={say("formed.keep")} help={say("formed.keep.help")} value={field.keep === "submission"} onCommit={(isTicked) => edit({ keep: isTicked ? "submission" : undefined })} />
      {kind.has.includes("readonly") && <TickEntry id={`${id}-readonly`} label={say("formed.readonly")} help={say("formed.readonly.help")} value={field.readonly === true} onCommit={(isTicked) => edit({ readonly: isTicked || undefined })} />}
    </>
  );
}

// Properties of a registered component: a path into the data of the case, or anything else as JSON.
export function Special({ field, kind, edit, context, schema }) {
  return kind.properties.map((name) => {
    const id = `fe-${field.id}-${name}`;
    const label = context.propertyNames[name] ?? name;
    if (name === "requiredWhen") return <RequiredWhen key={name} {...{ id, label, field, edit, schema }} />;
    return field[name] !== undefined && typeof field[name] !== "string"
      ? <JsonEntry key={name} {...{ id, label, value: field[name] }} onCommit={(value) => edit({ [name]: value })} />
      : <TextEntry key={name} {...{ id, label, help: say("formed.source.help"), mono: true, list: "fe-sources", value: field[name] }} onCommit={(text) => edit({ [name]: text.trim() || undefined })} />;
  });
}

// The answer to another field that makes all items of a checklist required.
function RequiredWhen({ id, label, field, edit, schema }) {
  const others = listFields(schema).filter((one) => one.key && one !== field && ["radio", "select"].includes(one.type));
  const { field: asked = "", equals = "" } = field.requiredWhen ?? {};
  const values = readChoices(others.find((one) => one.key === asked) ?? {}, "values");
  const choose = (key) => {
    const first = others.find((one) => one.key === key)?.values?.[0]?.value;
    edit({ requiredWhen: key ? { field: key, equals: first } : undefined });
  };
  return (
    <fieldset class="field"><legend class="label">{label}</legend>
      <SelectEntry id={`${id}-field`} label={say("formed.required_when.field")} value={asked} onCommit={choose}
        options={[["", say("formed.required_when.never")], ...others.map((one) => [one.key, `${nameOf(one)} · ${one.key}`])]} />
      {asked && <SelectEntry id={`${id}-equals`} label={say("formed.required_when.equals")} value={equals} onCommit={(value) => edit({ requiredWhen: { field: asked, equals: value } })}
        options={values.map((one) => [one.value, pick(one.label)])} />}
    </fieldset>
  );
}

function JsonEntry({ id, label, help, value, onCommit }) {
  const [refused, setRefused] = useState("");
  const take = (text) => {
    try {
      onCommit(text.trim() ? JSON.parse(text) : undefined);
      setRefused("");
    } catch {
      setRefused(say("formed.not_json"));
    }
  };
  return <TextEntry {...{ id, label, help, error: refused, mono: true, lines: 2 }} value={value === undefined ? "" : JSON.stringify(value)} onCommit={take} />;
}
