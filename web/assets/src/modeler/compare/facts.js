// What an element says, flat and in the words of the properties panel: Map of label to text.
import { is } from "bpmn-js/lib/util/ModelUtil";
import { translate } from "../i18n.js";

const LABELS = {
  "name": "Name (Chinese)",
  "nameEn": "Name (English)",
  "documentation": "Description (Chinese)",
  "documentationEn": "Description (English)",
  "formKey": "Form",
  "assignee": "Assignee",
  "candidateUsers": "Candidates",
  "candidateGroups": "Candidate groups",
  "memberRoles": "Members in the role",
  "skill": "Skill asked for",
  "relation": "By relation",
  "exclude": "Exclude",
  "dueDate": "Due",
  "followUpDate": "Remind",
  "priority": "Priority",
  "verbs": "Verbs",
  "returnTo": "Can return to",
  "refill": "Begins with what was sent last",
  "subject": "Subject shown in lists",
  "amount": "Amount shown in lists (fen)",
  "topic": "Service",
  "calledElement": "Called process",
  "calledElementBinding": "Version",
  "calledElementVersion": "Version number",
  "decisionRef": "Decision table",
  "resultVariable": "Result variable",
  "mapDecisionResult": "Form of the result",
  "correlationKey": "Correlation key",
  "conditionExpression": "Condition",
  "default": "Default flow",
  "script": "Script",
  "timeDate": "Time",
  "timeDuration": "Time",
  "timeCycle": "Time",
  "messageRef": "Message",
  "signalRef": "Signal",
  "errorRef": "Error",
  "escalationRef": "Escalation",
  "collection": "Runs over the list",
  "elementVariable": "Variable of one item",
  "outputCollection": "Collect results in",
  "outputElement": "Result of one item",
  "loopCardinality": "Or a number of times",
  "completionCondition": "Ends early when",
  "isSequential": "One by one",
  "loopCondition": "Goes on while",
  "loopMaximum": "At most",
  "asyncBefore": "Commit before this step",
  "lastWins": "Last branch wins for",
  "startVariables": "Start variables",
  "candidateStarterGroups": "Groups that may start it",
  "initiator": "Variable for who starts it",
  "isExecutable": "Executable",
  "sourceRef": "From",
  "targetRef": "To",
  "attachedToRef": "Attached to",
  "cancelActivity": "Interrupts",
  "processRef": "Process",
  "text": "Text",
};
// Parts with entries of their own, the drawing of the same facts, and ids of what is inside.
const LEFT_OUT = new Set([
  "id",
  "flowElements",
  "artifacts",
  "laneSets",
  "lanes",
  "flowNodeRef",
  "incoming",
  "outgoing",
  "childLaneSet",
  "scriptFormat",
  "participants",
  "messageFlows",
  "di",
  "$type",
]);

export function readFacts(element) {
  const facts = new Map([[translate("Kind"), translate(nameKind(element))]]);
  collect(element, facts);
  return facts;
}

// "Service Task" of bpmn:ServiceTask.
export function nameKind({ $type }) {
  return $type.replace("bpmn:", "").replace(/(\B[A-Z])/g, " $1");
}

function collect(element, facts) {
  for (const property of element.$descriptor.properties) {
    const value = element.get(property.name);
    const name = property.name.replace(/^.*:/, "");
    if (LEFT_OUT.has(name) || value === undefined || value === property.default) continue;
    for (const one of Array.isArray(value) ? value : [value]) add(name, one, property.isReference, facts);
  }
}

function add(name, value, isReference, facts) {
  const label = translate(LABELS[name] ?? name);
  if (typeof value !== "object") return facts.set(label, value === true ? translate("yes") : String(value));
  if (isReference) return facts.set(label, is(value, "bpmn:RootElement") ? (value.get("name") ?? value.id) : value.id);
  if (is(value, "bpmn:Expression")) return facts.set(label, value.get("body") ?? "");
  if (is(value, "bpmn:Documentation")) return facts.set(label, value.get("text"));
  if (!value.$descriptor) return undefined;
  const mapped = readMapping(value);
  return mapped ? facts.set(...mapped) : collect(value, facts);
}

function readMapping(value) {
  const source = () => value.get("source") ?? value.get("sourceExpression") ?? "";
  const kinds = {
    "camunda:InputParameter": () => [translate("Input {name}", { name: value.get("name") }), value.get("value") ?? ""],
    "camunda:OutputParameter": () => [
      translate("Output {name}", { name: value.get("name") }),
      value.get("value") ?? "",
    ],
    "camunda:In": () => [translate("Input {name}", { name: value.get("target") }), source()],
    "camunda:Out": () => [translate("Output {name}", { name: value.get("target") }), source()],
  };
  return kinds[value.$type]?.();
}
