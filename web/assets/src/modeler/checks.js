// Rules of bpmnlint that ours do not have. They look at the drawing alone and are checked while one draws.
import Linter from "bpmnlint/lib/linter";
import StaticResolver from "bpmnlint/lib/resolver/static-resolver";
import duplicateFlows from "bpmnlint/rules/no-duplicate-sequence-flows";
import overlapping from "bpmnlint/rules/no-overlapping-elements";
import superfluousGateway from "bpmnlint/rules/superfluous-gateway";
import { translate } from "./i18n.js";

const RULES = {
  "no-duplicate-sequence-flows": [duplicateFlows, "Two flows connect the same elements."],
  "no-overlapping-elements": [overlapping, "The element lies on another one."],
  "superfluous-gateway": [superfluousGateway, "The gateway neither splits nor joins."],
};

const config = { rules: Object.fromEntries(Object.keys(RULES).map((name) => [name, "warn"])) };
const resolver = new StaticResolver(
  Object.fromEntries(Object.entries(RULES).map(([name, [rule]]) => [`rule:bpmnlint/${name}`, rule])),
);

export async function checkDrawing(definitions) {
  const linter = new Linter({ config, resolver }); // some rules remember what they have seen
  const reports = await linter.lint(definitions);
  return Object.entries(reports).flatMap(([rule, found]) =>
    found.map(({ id }) => ({ element: id, rule, severity: "warning", message: translate(RULES[rule][1]) })),
  );
}
