// The list of declared answers: value, text and a line about each, in both languages.
import { useState } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { Icon } from "./canvas.jsx";
import { TextEntry, WordsEntry } from "./entries.jsx";
import { pick, readChoices, writeChoices } from "./words.js";

const CHOICE = /^[^\s].*$/;

export function Choices({ field, name, edit }) {
  const choices = readChoices(field, name);
  const [open, setOpen] = useState(-1);
  const write = (changed) => edit(writeChoices(field, name, changed));
  const change = (index, part) => write(choices.map((one, at) => (at === index ? { ...one, ...part } : one)));
  const add = () => {
    let number = choices.length + 1;
    while (choices.some((one) => one.value === `choice_${number}`)) number++;
    write([...choices, { value: `choice_${number}`, label: { zh: "新选项", en: "New choice" }, help: { zh: "", en: "" } }]);
    setOpen(choices.length);
  };
  const move = (from, to) => {
    const moved = [...choices];
    moved.splice(to, 0, ...moved.splice(from, 1));
    write(moved);
    setOpen(open === from ? to : -1);
  };
  return (
    <div class="stack-s">
      <ol class="fe-choices">
        {choices.map((one, index) => (
          <li key={index}>
            <details open={open === index} onToggle={({ currentTarget }) => currentTarget.open ? setOpen(index) : open === index && setOpen(-1)}>
              <summary><Icon name="chevron-right" /><span class="clip">{pick(one.label) || say("formed.no_label")}</span><code class="xs muted clip push">{one.value}</code></summary>
              <Choice {...{ one, index, choices, field, name }} change={(part) => change(index, part)} />
              <div class="bar">
                <button type="button" class="btn btn-s btn-i" disabled={index === 0} aria-label={say("formed.up")} title={say("formed.up")} onClick={() => move(index, index - 1)}><Icon name="chevron-up" /></button>
                <button type="button" class="btn btn-s btn-i" disabled={index === choices.length - 1} aria-label={say("formed.down")} title={say("formed.down")} onClick={() => move(index, index + 1)}><Icon name="chevron-down" /></button>
                <button type="button" class="btn btn-s btn-bad push" onClick={() => write(choices.filter((_, at) => at !== index))}><Icon name="trash-2" />{say("formed.choice.remove")}</button>
              </div>
            </details>
          </li>
        ))}
      </ol>
      <button type="button" class="btn btn-s" onClick={add}><Icon name="plus" />{say("formed.choice.add")}</button>
    </div>
  );
}

function Choice({ one, index, choices, field, name, change }) {
  const [refused, setRefused] = useState("");
  const id = `fe-${field.id}-${name}-${index}`;
  const rename = (text) => {
    const value = text.trim();
    const isTaken = choices.some((other, at) => at !== index && other.value === value);
    setRefused(!CHOICE.test(value) ? say("formed.choice.value.missing") : isTaken ? say("formed.choice.value.taken", { value }) : "");
    if (CHOICE.test(value) && !isTaken) change({ value });
  };
  return (
    <div class="stack-s">
      <WordsEntry id={`${id}-label`} label={say("formed.choice.label")} words={one.label} onCommit={(tongue, text) => change({ label: { ...one.label, [tongue]: text } })} />
      <WordsEntry id={`${id}-help`} label={say("formed.choice.help")} words={one.help} onCommit={(tongue, text) => change({ help: { ...one.help, [tongue]: text } })} />
      <TextEntry id={`${id}-value`} label={say("formed.choice.value")} help={say("formed.choice.value.help")} error={refused} mono value={one.value} onCommit={rename} />
    </div>
  );
}
