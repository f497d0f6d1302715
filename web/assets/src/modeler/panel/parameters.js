// What goes in and out of services, calls and messages: a labelled field for everything the service or process
// declares, a list for the rest.
import { ListGroup } from "@bpmn-io/properties-panel";
import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { toEntry } from "./entries.js";
import { startsReaction } from "./fields.js";
import { sourceOf } from "./writing.js";

// One side of an element as a list of {name, text}, read anew for each change.
function openSide(w, side) {
  const isCall = is(w.element, "bpmn:CallActivity");
  const type = side === "in" ? "camunda:In" : "camunda:Out";
  const kind = side === "in" ? "inputParameter" : "outputParameter";
  if (isCall) {
    return {
      list: () => w.mappings(type),
      name: (one) => one.get("target") ?? "",
      text: sourceOf,
      make: (name, text) => w.mapping(type, name, text),
      save: (list) => w.setMappings(type, list),
    };
  }
  return {
    list: () => w.parameters(kind),
    name: (one) => one.get("name") ?? "",
    text: (one) => one.get("value") ?? "",
    make: (name, text) => w.parameter(kind, name, text),
    save: (list) => w.setParameters(kind, list),
  };
}

function declares(w, offers) {
  if (is(w.element, "bpmn:CallActivity")) {
    return offers.processes.find(({ key }) => key === w.target.get("calledElement"))?.inputs ?? [];
  }
  return offers.topics.find(({ id }) => id === w.target.get("camunda:topic"))?.inputs ?? [];
}

// Fields for what the chosen service or process asks for.
export function declared(w, offers) {
  if (!isAny(w.element, ["bpmn:ServiceTask", "bpmn:CallActivity"])) return [];
  const side = openSide(w, "in");
  return declares(w, offers).map(({ name, label, isRequired, description }) => {
    const find = () => side.list().find((one) => side.name(one) === name);
    const set = (words) => {
      const old = find();
      const made = words ? [side.make(name, words)] : [];
      side.save(old ? side.list().flatMap((one) => (one === old ? made : [one])) : [...side.list(), ...made]);
    };
    return {
      id: `input-${name}`,
      label: { words: label, code: name, isRequired },
      hint: description,
      get: () => {
        const found = find();
        return found && side.text(found);
      },
      set,
      mono: true,
    };
  });
}

const SIDES = {
  in: {
    service: "Further inputs",
    call: "Further inputs",
    message: "What the message carries",
    event: "What it carries",
    kinds: ["bpmn:ServiceTask", "bpmn:CallActivity", "bpmn:SendTask"],
    events: ["bpmn:IntermediateThrowEvent", "bpmn:EndEvent"],
  },
  out: {
    service: "What is kept of the result",
    call: "What is taken back",
    message: "What is taken from the message",
    event: "What is taken over",
    kinds: ["bpmn:ServiceTask", "bpmn:CallActivity", "bpmn:ReceiveTask"],
    events: ["bpmn:StartEvent", "bpmn:IntermediateCatchEvent", "bpmn:BoundaryEvent"],
  },
};

const defines = (w, ...kinds) => (w.target.get("eventDefinitions") ?? []).some((one) => isAny(one, kinds));

// Messages and signals carry data; a timer that begins a case brings the instant it was due.
function carriesData(w) {
  const isTimed = is(w.element, "bpmn:StartEvent") && defines(w, "bpmn:TimerEventDefinition");
  return isTimed || defines(w, "bpmn:MessageEventDefinition", "bpmn:SignalEventDefinition");
}

function isShown(w, { kinds, events }) {
  const isEvent = isAny(w.element, events) || (events.includes("bpmn:BoundaryEvent") && startsReaction(w));
  return isAny(w.element, kinds) || (isEvent && carriesData(w));
}

function labelOf(w, sides) {
  if (is(w.element, "bpmn:ServiceTask")) return sides.service;
  if (is(w.element, "bpmn:CallActivity")) return sides.call;
  return defines(w, "bpmn:SignalEventDefinition", "bpmn:TimerEventDefinition") ? sides.event : sides.message;
}

// A list group of the properties panel for one side, or none.
export function listGroup(w, offers, direction, translate) {
  const sides = SIDES[direction];
  if (!isShown(w, sides)) return [];
  const side = openSide(w, direction);
  const fixed = direction === "in" ? declares(w, offers).map(({ name }) => name) : [];
  const shown = side.list().filter((one) => !fixed.includes(side.name(one)));
  const put = (old, made) => side.save(side.list().flatMap((one) => (one === old ? made : [one])));
  const items = shown.map((one, index) => {
    const id = `${direction}-${index}`;
    return {
      id,
      label: side.name(one) || translate("Unnamed"),
      entries: [
        toEntry({
          id: `${id}-name`,
          label: "Variable",
          mono: true,
          get: () => side.name(one) || undefined,
          set: (name) => put(one, [side.make(name ?? "", side.text(one))]),
        }),
        toEntry({
          id: `${id}-text`,
          label: "Value",
          kind: "area",
          mono: true,
          get: () => side.text(one) || undefined,
          set: (words) => put(one, [side.make(side.name(one), words ?? "")]),
        }),
      ],
      autoFocusEntry: `${id}-name`,
      remove: (event) => {
        event.stopPropagation();
        put(one, []);
      },
    };
  });
  const add = (event) => {
    event.stopPropagation();
    side.save([...side.list(), side.make("", "")]);
  };
  return [
    { id: `list-${direction}`, label: translate(labelOf(w, sides)), component: ListGroup, items, add, translate },
  ];
}
