// What differs between two versions: [{id, kind, element, rows: [[label, old, new]]}], kinds in the order below.
import { diff } from "bpmn-js-differ";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { readFacts } from "./facts.js";

export const KINDS = ["added", "removed", "changed", "moved"];

// bpmn-js-differ knows what came, went and moved. What an element says is compared here: it does not look into event
// definitions, and gives the values of other attributes the wrong way round.
export function listChanges(oldDefinitions, newDefinitions) {
  const found = diff(oldDefinitions, newDefinitions);
  const olds = new Map(listElements(oldDefinitions).map((one) => [one.id, one]));
  const list = (kind, elements) => Object.entries(elements).map(([id, element]) => ({ id, kind, element, rows: [] }));
  const isThere = ({ id }) => olds.has(id) && !found._added[id];
  const changed = listElements(newDefinitions)
    .filter(isThere)
    .map((element) => ({ id: element.id, kind: "changed", element, rows: compare(olds.get(element.id), element) }))
    .filter(({ rows }) => rows.length);
  const moved = list("moved", found._layoutChanged).filter(isThere);
  return [...list("added", found._added), ...list("removed", found._removed), ...changed, ...moved];
}

function compare(old, element) {
  const [before, after] = [readFacts(old), readFacts(element)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((label) => [label, before.get(label) ?? "", after.get(label) ?? ""])
    .filter(([, was, is]) => was !== is);
}

// Everything with an id, down to the last flow.
const INSIDE = ["rootElements", "flowElements", "participants", "messageFlows", "artifacts", "laneSets", "lanes"];

function listElements(element) {
  const inside = INSIDE.flatMap((name) => (element[name] ?? []).flatMap(listElements));
  return is(element, "bpmn:Definitions") ? inside : [element, ...inside];
}
