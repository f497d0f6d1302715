// The moddle descriptor of our attributes; engine/language/model.py reads them, the lint refuses any other.
const texts = (...names) => names.map((name) => ({ name, isAttr: true, type: "String" }));
const extension = (name, bases, properties) => ({ name, extends: bases, properties });

export const batonModdle = {
  name: "Baton",
  prefix: "baton",
  uri: "http://baton.example/schema/1.0/bpmn",
  xml: { tagAlias: "lowerCase" },
  associations: [],
  types: [
    extension("Named", ["bpmn:BaseElement"], texts("nameEn", "documentationEn")),
    extension("Started", ["bpmn:Process"], texts("startVariables")),
    extension("Described", ["bpmn:Process", "bpmn:UserTask"], texts("subject", "amount")),
    extension("Offered", ["bpmn:UserTask"], texts("memberRoles", "skill", "relation", "exclude", "verbs", "returnTo", "refill")),
    extension("Correlated", ["bpmn:Event", "bpmn:SendTask", "bpmn:ReceiveTask"], texts("correlationKey")),
    extension("Collecting", ["bpmn:MultiInstanceLoopCharacteristics"], texts("outputCollection", "outputElement")),
    extension("Joining", ["bpmn:ParallelGateway", "bpmn:InclusiveGateway"], texts("lastWins")),
  ],
};
