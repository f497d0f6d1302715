// One-click remedies for findings that have only one: [{label, apply}].
import { translate } from "./i18n.js";
import { getLabel } from "./labels.js";

const FIXES = {
  "split-default-missing": chooseDefault,
  "default-condition": dropCondition,
  "join-condition": dropCondition,
  "not-executable": makeExecutable,
};

export function listFixes(modeler, element, { rule }) {
  return (element && FIXES[rule]?.(modeler.get("modeling"), element)) ?? [];
}

// The way out that has no condition yet, else the last one drawn.
function chooseDefault(modeling, gateway) {
  const flows = gateway.outgoing;
  const flow = flows.find(({ businessObject }) => !businessObject.get("conditionExpression")) ?? flows.at(-1);
  if (!flow) return [];
  const apply = () => {
    modeling.updateProperties(gateway, { default: flow.businessObject });
    dropCondition(modeling, flow)[0].apply();
  };
  return [{ label: translate("Make “{name}” the default", { name: getLabel(flow) || flow.id }), apply }];
}

function dropCondition(modeling, element) {
  const flows = element.waypoints ? [element] : element.outgoing;
  const apply = () => {
    for (const flow of flows) {
      if (flow.businessObject.get("conditionExpression")) {
        modeling.updateProperties(flow, { conditionExpression: undefined });
      }
    }
  };
  return [{ label: translate("Delete the condition"), apply }];
}

function makeExecutable(modeling, element) {
  const process = element.businessObject.get("processRef") ?? element.businessObject;
  return [
    {
      label: translate("Make it executable"),
      apply: () => modeling.updateModdleProperties(element, process, { isExecutable: true }),
    },
  ];
}
