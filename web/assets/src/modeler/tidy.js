// An element that becomes one of another kind drops what the new kind does not have: bpmn-js keeps whatever the
// camunda attributes would allow, and our lint would refuse it.
import { isAny } from "bpmn-js/lib/util/ModelUtil";
import CommandInterceptor from "diagram-js/lib/command/CommandInterceptor";
import { Writer } from "./panel/writing.js";

const PARAMETERS = {
  inputParameter: ["bpmn:ServiceTask", "bpmn:SendTask", "bpmn:IntermediateThrowEvent", "bpmn:EndEvent"],
  outputParameter: ["bpmn:ServiceTask", "bpmn:ReceiveTask", "bpmn:IntermediateCatchEvent", "bpmn:BoundaryEvent"],
};
const ATTRIBUTES = {
  "camunda:topic": ["bpmn:ServiceTask"],
  "camunda:type": ["bpmn:ServiceTask"],
  "camunda:resultVariable": ["bpmn:BusinessRuleTask"],
};

export class Tidy extends CommandInterceptor {
  constructor(eventBus, modeling, bpmnFactory) {
    super(eventBus);
    this.postExecuted("shape.replace", ({ context }) => drop(new Writer(context.newShape, modeling, bpmnFactory)));
  }
}

Tidy.$inject = ["eventBus", "modeling", "bpmnFactory"];

function drop(w) {
  for (const [name, kinds] of Object.entries(ATTRIBUTES)) {
    if (!isAny(w.element, kinds) && w.target.get(name)) w.attribute(name).set(undefined);
  }
  for (const [kind, kinds] of Object.entries(PARAMETERS)) {
    if (!isAny(w.element, kinds) && w.parameters(kind).length) w.setParameters(kind, []);
  }
}
