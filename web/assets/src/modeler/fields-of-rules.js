// The field of the properties panel that mends a finding, by the rule that found it (docs/lint-rules.md).
const FIELDS = {
  "user-form-missing": "formKey",
  "form-unknown": "formKey",
  "user-candidate-missing": "candidateGroups",
  "relation-unknown": "relation",
  "exclude-unknown": "exclude",
  "member-role-unknown": "memberRoles",
  "member-roles-alone": "candidateUsers",
  "user-due-missing": "dueDate",
  "documentation-missing": "documentation",
  "documentation-en-missing": "documentationEn",
  "return-target-unknown": "returnTo",
  "service-topic-missing": "topic",
  "topic-external": "topic",
  "script-missing": "script",
  "script-format": "script",
  "decision-unknown": "decisionRef",
  "decision-missing": "decisionRef",
  "decision-result-form": "mapDecisionResult",
  "call-element-missing": "calledElement",
  "call-process-unknown": "calledElement",
  "call-recursion": "calledElement",
  "call-binding": "calledElementBinding",
  "loop-collection-missing": "collection",
  "loop-both": "loopCardinality",
  "loop-variable-missing": "elementVariable",
  "loop-variable-clash": "elementVariable",
  "loop-output-incomplete": "outputElement",
  "message-missing": "messageRef",
  "correlation-key-missing": "correlationKey",
  "correlation-key-constant": "correlationKey",
  "correlation-key-ignored": "correlationKey",
  "timer-missing": "timerValue",
  "timer-text": "timerValue",
  "timer-not-positive": "timerValue",
  "timer-repetitions": "timerValue",
  "timer-start-text": "timerValue",
  "event-condition-missing": "eventCondition",
  "link-partner": "linkName",
  "condition-missing": "condition",
  "default-condition": "default",
  "join-condition": "condition",
  "name-missing": "name",
  "name-en-missing": "nameEn",
  "gateway-question": "name",
  "flow-answer": "name",
  "id-missing": "id",
  "id-form": "id",
  "id-reserved": "id",
  "id-duplicate": "id",
  "not-executable": "isExecutable",
  "start-variable-missing": "startVariables",
  "parallel-write": "lastWins",
};

// Of a missing input only the sentence tells the name.
const INPUTS = [/parameter (\w+) of/, /Expected (\w+) to be mapped/, /参数 (\w+)/, /变量 (\w+)/];

export function fieldOf({ rule, message }) {
  if (!/^(topic-parameter|call-variable)-missing$/.test(rule)) return FIELDS[rule];
  const found = INPUTS.map((pattern) => message.match(pattern)).find(Boolean);
  return found && `input-${found[1]}`;
}
