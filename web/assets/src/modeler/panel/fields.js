// The fields of every element in the analyst's words. Each function gives the fields of one group, or none where the
// group does not belong to the element; `w` writes into the model (writing.js), `offers` is what the server knows.
import { is, isAny } from "bpmn-js/lib/util/ModelUtil";
import { language, NAME } from "../language.js";
import { choose } from "./entries.js";

const NAMED = ["bpmn:FlowElement", "bpmn:Participant", "bpmn:Lane", "bpmn:MessageFlow", "bpmn:Process"];
const RESULTS = ["singleEntry", "singleResult", "collectEntries", "resultList"];
const TIMES = ["timeDate", "timeDuration", "timeCycle"];
const BINDINGS = ["latest", "version"];

const text = (id, label, access, rest = {}) => ({ id, label, ...access, ...rest });
const offer = (keys) =>
  keys.map(({ key, name }) => ({ value: key, label: name && !key.endsWith(name) ? `${name} · ${key}` : key }));

// The process of a pool is what its fields are about; of everything else the element itself.
export function processOf({ target, element }) {
  if (is(element, "bpmn:Participant")) return target.get("processRef");
  return is(element, "bpmn:Process") ? target : undefined;
}

export function general(w, offers) {
  if (is(w.element, "bpmn:TextAnnotation")) return [text("text", "Text", w.attribute("text"), { kind: "area" })];
  if (!isAny(w.element, NAMED)) return [];
  const process = processOf(w);
  return [
    text("name", "Name (Chinese)", nameIn(w, "zh")),
    text("nameEn", "Name (English)", nameIn(w, "en")),
    text(
      "id",
      "Id",
      { get: () => w.target.get("id"), set: (id) => isId(id, w) && w.modeling.updateProperties(w.element, { id }) },
      { mono: true },
    ),
    ...(process && process !== w.target
      ? [
          text("processName", "Name of the process (Chinese)", w.attribute("name", process)),
          text("processNameEn", "Name of the process (English)", w.attribute("baton:nameEn", process)),
          text(
            "processId",
            "Process key",
            { get: () => process.get("id"), set: (id) => isId(id, w) && w.update(process, { id }) },
            { mono: true },
          ),
        ]
      : []),
    ...(process ? [text("isExecutable", "Executable", w.attribute("isExecutable", process), { kind: "check" })] : []),
    ...form(w, offers),
  ];
}

// A name as XML and the engine want it, that nothing else has.
function isId(id, w) {
  return /^[A-Za-z_][\w-]*$/.test(id ?? "") && !w.target.$model.ids.assigned(id);
}

// The name in the page's language is a label on the canvas, which is drawn anew. The other one is written under its full
// name: on a change of `name` bpmn-js would take it for the label as well.
const FULL_NAME = { zh: "bpmn:name", en: NAME.en };
function nameIn(w, tongue) {
  const hasLabel = !is(w.element, "bpmn:Process");
  return {
    get: () => w.target.get(NAME[tongue]),
    set: (name) =>
      hasLabel && tongue === language
        ? w.modeling.updateLabel(w.element.labelTarget ?? w.element, name ?? "")
        : w.update(w.target, { [FULL_NAME[tongue]]: name || undefined }),
  };
}

function form(w, offers) {
  if (!is(w.element, "bpmn:UserTask") && !beginsByHand(w)) return [];
  const key = w.attribute("camunda:formKey");
  const known = offers.forms.find((one) => one.key === key.get());
  return [
    text("formKey", "Form", key, {
      kind: "select",
      options: choose(offer(offers.forms), key.get()),
      hint: known ? { link: known.url, label: "Open form" } : undefined,
    }),
    ...(is(w.element, "bpmn:UserTask") ? [refill(w)] : []),
  ];
}

const refill = (w) =>
  text("refill", "Begins with what was sent last", w.attribute("baton:refill"), {
    kind: "check",
    hint: "Where the task comes again in a case; consents are given anew.",
  });

const beginsProcess = ({ element, target }) => is(element, "bpmn:StartEvent") && is(target.$parent, "bpmn:Process");

const beginsByHand = (w) => beginsProcess(w) && !w.target.get("eventDefinitions")?.length;
// The start event of an event sub-process.
export const startsReaction = ({ element, target }) =>
  is(element, "bpmn:StartEvent") && target.$parent?.get("triggeredByEvent");

export function starting(w, offers) {
  const process = processOf(w);
  if (beginsByHand(w)) {
    const initiator = w.attribute("camunda:initiator");
    return [text("initiator", "Variable for who starts it", initiator, { mono: true })];
  }
  if (!process) return [];
  return [
    text("candidateStarterGroups", "Groups that may start it", w.attribute("camunda:candidateStarterGroups", process), {
      suggest: offers.groups,
      hint: "In the browser; a process without a group is started by others only.",
    }),
    text("startVariables", "Start variables", w.attribute("baton:startVariables", process), {
      kind: "area",
      mono: true,
      hint: "What the starter hands in; ? marks an optional one.",
    }),
  ];
}

export function documentation(w) {
  const target = processOf(w) ?? w.target;
  if (!isAny(w.element, ["bpmn:FlowNode", "bpmn:Participant", "bpmn:Process"]) || !target) return [];
  const first = () => target.get("documentation")[0];
  const set = (words) =>
    w.update(target, { documentation: words ? [w.create("bpmn:Documentation", { text: words }, target)] : [] });
  return [
    text("documentation", "Description (Chinese)", { get: () => first()?.get("text"), set }, { kind: "area" }),
    text("documentationEn", "Description (English)", w.attribute("baton:documentationEn", target), { kind: "area" }),
  ];
}

export function subject(w) {
  const target = processOf(w) ?? (is(w.element, "bpmn:UserTask") ? w.target : undefined);
  if (!target) return [];
  return [
    text("subject", "Subject shown in lists", w.attribute("baton:subject", target), { mono: true }),
    text("amount", "Amount shown in lists (fen)", w.attribute("baton:amount", target), { mono: true }),
  ];
}

export function whoActs(w, offers) {
  if (!is(w.element, "bpmn:UserTask")) return [];
  const mono = { mono: true };
  const relation = w.attribute("baton:relation");
  return [
    text("candidateGroups", "Candidate groups", w.attribute("camunda:candidateGroups"), {
      suggest: offers.groups,
      hint: "Roles, separated by commas, or ${expression}",
    }),
    text("candidateUsers", "Candidates", w.attribute("camunda:candidateUsers"), {
      ...mono,
      hint: "Parties by id, or ${variable}",
    }),
    text("assignee", "Assignee", w.attribute("camunda:assignee"), mono),
    text("memberRoles", "Members in the role", w.attribute("baton:memberRoles"), {
      suggest: offers.memberRoles,
      hint: "Which members of a candidate organisation; empty: any. A person acts for himself",
    }),
    text("skill", "Skill asked for", w.attribute("baton:skill"), mono),
    ...(offers.relations.length || relation.get()
      ? [
          text("relation", "By relation", relation, {
            kind: "select",
            options: choose(offer(offers.relations), relation.get()),
          }),
        ]
      : []),
    text("exclude", "Exclude", w.attribute("baton:exclude"), {
      ...mono,
      hint: "Variables, actor:<element> for who did that task, relation:<name>",
    }),
  ];
}

export function dates(w) {
  if (!is(w.element, "bpmn:UserTask")) return [];
  return [
    text("dueDate", "Due", w.attribute("camunda:dueDate"), {
      mono: true,
      hint: "PT4H, WT:P1D (working time), an instant or ${expression}",
    }),
    text("followUpDate", "Remind", w.attribute("camunda:followUpDate"), { mono: true }),
    text("priority", "Priority", w.attribute("camunda:priority"), { mono: true, hint: "0 to 100; 50 is usual" }),
  ];
}

export function actions(w) {
  if (!is(w.element, "bpmn:UserTask")) return [];
  return [
    text("verbs", "Verbs", w.attribute("baton:verbs"), {
      mono: true,
      hint: "What may be done besides completing, such as claim",
    }),
    text("returnTo", "Can return to", w.attribute("baton:returnTo"), {
      mono: true,
      hint: "Ids of earlier steps of the same scope",
    }),
  ];
}

export function service(w, offers) {
  if (!is(w.element, "bpmn:ServiceTask")) return [];
  const topic = w.attribute("camunda:topic");
  return [
    text("topic", "Service", topic, {
      kind: "select",
      options: choose(
        offers.topics.map(({ id, name }) => ({ value: id, label: `${name} · ${id}` })),
        topic.get(),
      ),
      hint: offers.topics.find(({ id }) => id === topic.get())?.description,
    }),
  ];
}

export function call(w, offers) {
  if (!is(w.element, "bpmn:CallActivity")) return [];
  const called = w.attribute("calledElement");
  const binding = w.attribute("camunda:calledElementBinding");
  const known = offers.processes.find((one) => one.key === called.get());
  return [
    text("calledElement", "Process", called, {
      kind: "select",
      options: choose(offer(offers.processes), called.get()),
      hint: known ? { link: known.url, label: "Open process" } : undefined,
    }),
    text("calledElementBinding", "Version", binding, {
      kind: "select",
      options: choose(
        BINDINGS.map((value) => ({ value, words: `binding.${value}` })),
        binding.get(),
      ),
    }),
    ...(binding.get() === "version"
      ? [text("calledElementVersion", "Version number", w.attribute("camunda:calledElementVersion"))]
      : []),
  ];
}

export function decision(w, offers) {
  if (!is(w.element, "bpmn:BusinessRuleTask")) return [];
  const table = w.attribute("camunda:decisionRef");
  const result = w.attribute("camunda:mapDecisionResult");
  const known = offers.decisions.find((one) => one.key === table.get());
  return [
    text("decisionRef", "Decision table", table, {
      kind: "select",
      options: choose(offer(offers.decisions), table.get()),
      hint: known ? { link: known.url, label: "Open decision table" } : undefined,
    }),
    text("resultVariable", "Result variable", w.attribute("camunda:resultVariable"), { mono: true }),
    text("mapDecisionResult", "Form of the result", result, {
      kind: "select",
      options: choose(
        RESULTS.map((value) => ({ value, words: `result.${value}` })),
        result.get(),
      ),
    }),
  ];
}

export function script(w) {
  if (!is(w.element, "bpmn:ScriptTask")) return [];
  const set = (body) => w.update(w.target, { script: body || undefined, scriptFormat: body ? "python" : undefined });
  return [text("script", "Script (Python)", { get: () => w.target.get("script"), set }, { kind: "area", mono: true })];
}

export function correlation(w) {
  const isMessage = isAny(w.element, ["bpmn:SendTask", "bpmn:ReceiveTask"]) || definesMessage(w.target);
  const key = w.attribute("baton:correlationKey");
  if (!isMessage || (beginsProcess(w) && !key.get())) return []; // a start takes every key
  return [
    text("correlationKey", "Correlation key", key, {
      mono: true,
      hint: "The message goes to the case whose key is equal, for example ${order_id}.",
    }),
  ];
}

function definesMessage(target) {
  return (target.get("eventDefinitions") ?? []).some((one) => is(one, "bpmn:MessageEventDefinition"));
}

export function condition(w) {
  const source = w.target.get("sourceRef");
  if (!is(w.element, "bpmn:SequenceFlow") || !isAny(source, ["bpmn:ExclusiveGateway", "bpmn:InclusiveGateway"]))
    return [];
  const isDefault = () => source.get("default") === w.target;
  const makeDefault = (wanted) =>
    w.modeling.updateProperties(w.element.source, { default: wanted ? w.target : undefined });
  return [
    text(
      "default",
      "Default flow",
      { get: isDefault, set: makeDefault },
      { kind: "check", hint: "Taken when no condition holds" },
    ),
    ...(isDefault()
      ? []
      : [text("condition", "Condition", w.expression("conditionExpression"), { kind: "area", mono: true })]),
  ];
}

// The definition of that kind in an event, such as "bpmn:TimerEventDefinition".
function definitionOf({ target }, kind) {
  return (target.get("eventDefinitions") ?? []).find((one) => is(one, kind));
}

export function trigger(w) {
  const conditional = definitionOf(w, "bpmn:ConditionalEventDefinition");
  const link = definitionOf(w, "bpmn:LinkEventDefinition");
  return [
    ...(conditional
      ? [
          text("eventCondition", "Happens when", w.expression("condition", conditional), {
            kind: "area",
            mono: true,
            hint: "Looked at whenever data change, for example amount_fen > 100000",
          }),
        ]
      : []),
    ...(link
      ? [text("linkName", "Name of the link", w.attribute("name", link), { hint: "The same at both ends" })]
      : []),
  ];
}

export function timer(w) {
  const definition = definitionOf(w, "bpmn:TimerEventDefinition");
  if (!definition) return [];
  const kind = () => TIMES.find((one) => definition.get(one)) ?? "timeDuration";
  const body = () => definition.get(kind())?.get("body");
  const set = (chosen, words) => {
    const made = words === undefined ? undefined : w.create("bpmn:FormalExpression", { body: words }, definition);
    w.update(definition, Object.fromEntries(TIMES.map((one) => [one, one === chosen ? made : undefined])));
  };
  return [
    text(
      "timerKind",
      "Kind of time",
      { get: kind, set: (chosen) => set(chosen, body() ?? "") },
      {
        kind: "select",
        options: TIMES.map((value) => ({ value, words: `timer.${value}` })),
      },
    ),
    text(
      "timerValue",
      "Time",
      { get: body, set: (words) => set(kind(), words) },
      {
        mono: true,
        hint: "P1DT12H, WT:P2D (working time), 2026-12-31T18:00, R3/PT1H or 0 9 * * MON-FRI (cycles), ${expression}",
      },
    ),
  ];
}

export function repetition(w) {
  const loop = w.target.get("loopCharacteristics");
  if (!loop) return [];
  const mono = { mono: true };
  if (is(loop, "bpmn:StandardLoopCharacteristics")) {
    return [
      text("loopCondition", "Goes on while", w.expression("loopCondition", loop), mono),
      text("loopMaximum", "At most", w.number("loopMaximum", loop)),
      text("testBefore", "Check before the first time", w.attribute("testBefore", loop), { kind: "check" }),
    ];
  }
  return [
    text("collection", "Runs over the list", w.attribute("camunda:collection", loop), mono),
    text("elementVariable", "Variable of one item", w.attribute("camunda:elementVariable", loop), mono),
    text("outputCollection", "Collect results in", w.attribute("baton:outputCollection", loop), mono),
    text("outputElement", "Result of one item", w.attribute("baton:outputElement", loop), mono),
    text("loopCardinality", "Or a number of times", w.expression("loopCardinality", loop), mono),
    text("completionCondition", "Ends early when", w.expression("completionCondition", loop), mono),
  ];
}

export function running(w) {
  const isArmed = is(w.element, "bpmn:BoundaryEvent") || startsReaction(w);
  const isAllowed = is(w.element, "bpmn:FlowNode") && !isArmed;
  const isJoin = isAny(w.element, ["bpmn:ParallelGateway", "bpmn:InclusiveGateway"]);
  return [
    ...(isAllowed
      ? [
          text("asyncBefore", "Commit before this step", w.attribute("camunda:asyncBefore"), {
            kind: "check",
            hint: "What happened so far is saved; this step is tried anew if it fails.",
          }),
        ]
      : []),
    ...(isJoin
      ? [
          text("lastWins", "Last branch wins for", w.attribute("baton:lastWins"), {
            mono: true,
            hint: "Variables that parallel branches may both write",
          }),
        ]
      : []),
  ];
}
