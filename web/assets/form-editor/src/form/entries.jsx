// The inputs of the properties panel.
import { useEffect, useRef, useState } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { Icon } from "./canvas.jsx";

const PAUSE = 300; // ms without a key before what was typed counts

// A text being typed: it counts after a pause, on leaving the input, and before another component is shown.
function useTyped(value, onCommit) {
  const [typed, setTyped] = useState(value);
  const [isChanged, setChanged] = useState(false);
  const latest = useRef();
  latest.current = { typed, isChanged, onCommit };
  const commit = () => {
    const { typed, isChanged, onCommit } = latest.current;
    if (!isChanged) return;
    latest.current.isChanged = false;
    setChanged(false);
    onCommit(typed);
  };
  useEffect(() => { if (!isChanged) setTyped(value); }, [value]);
  useEffect(() => {
    if (!isChanged) return undefined;
    const timer = setTimeout(commit, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, isChanged]);
  useEffect(() => commit, []);
  return { value: typed, onInput: ({ target }) => { setTyped(target.value); setChanged(true); }, onBlur: commit };
}

export function TextInput({ value, onCommit, lines = 1, ...rest }) {
  const typed = useTyped(value ?? "", onCommit);
  return lines > 1 ? <textarea class="input" rows={lines} {...rest} {...typed} /> : <input class="input" type="text" {...rest} {...typed} />;
}

// A label above an input, with a line of help or what is wrong.
export function Entry({ id, label, help, error, children }) {
  return (
    <div class="field">
      <label class="label" for={id}>{label}</label>
      {children}
      {error ? <p class="error" id={`${id}-error`}><Icon name="circle-alert" />{error}</p> : help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

export function TextEntry({ id, label, help, error, mono, ...rest }) {
  const described = error ? `${id}-error` : help ? `${id}-help` : undefined;
  return (
    <Entry {...{ id, label, help, error }}>
      <TextInput id={id} class={`input${mono ? " mono" : ""}`} aria-invalid={error ? "true" : undefined} aria-describedby={described} {...rest} />
    </Entry>
  );
}

// A text in both languages, one input each.
export function WordsEntry({ id, label, help, words, lines, onCommit }) {
  return (
    <fieldset class="field fe-words" aria-describedby={help ? `${id}-help` : undefined}>
      <legend class="label">{label}</legend>
      {["zh", "en"].map((tongue) => (
        <div class="fe-tongue" key={tongue}>
          <span class="xs muted" aria-hidden="true">{say(`formed.tongue.${tongue}`)}</span>
          <TextInput id={`${id}-${tongue}`} lang={tongue === "zh" ? "zh-CN" : "en"} lines={lines} value={words[tongue]}
            aria-label={say("formed.in_tongue", { label, tongue: say(`formed.tongue.${tongue}.full`) })} onCommit={(text) => onCommit(tongue, text)} />
        </div>
      ))}
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </fieldset>
  );
}

export function TickEntry({ id, label, help, value, onCommit }) {
  return (
    <div class="field">
      <label class="checkline"><input class="tick" type="checkbox" id={id} checked={value} aria-describedby={help ? `${id}-help` : undefined}
        onChange={({ target }) => onCommit(target.checked)} /><span>{label}</span></label>
      {help && <p class="help" id={`${id}-help`}>{help}</p>}
    </div>
  );
}

// `options`: [value, words]
export function SelectEntry({ id, label, help, value, options, onCommit }) {
  return (
    <Entry {...{ id, label, help }}>
      <select class="input" id={id} value={value} onChange={({ target }) => onCommit(target.value)}>
        {options.map(([option, words]) => <option key={option} value={option}>{words}</option>)}
      </select>
    </Entry>
  );
}

// A number, or nothing. What is no number stays in the input and does not count.
export function NumberEntry({ id, label, help, value, onCommit, whole }) {
  const [refused, setRefused] = useState("");
  const take = (text) => {
    const number = Number(text);
    const isFit = text.trim() === "" || (Number.isFinite(number) && (!whole || Number.isInteger(number)));
    setRefused(isFit ? "" : say(whole ? "formed.not_whole" : "formed.not_number"));
    if (isFit) onCommit(text.trim() === "" ? undefined : number);
  };
  return <TextEntry {...{ id, label, help, error: refused, inputmode: "decimal" }} value={value === undefined ? "" : String(value)} onCommit={take} />;
}
