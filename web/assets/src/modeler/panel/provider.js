// The groups of the properties panel: ours in the analyst's words, and those of bpmn-js-properties-panel for messages,
// signals, errors and escalations.
import { Group } from "@bpmn-io/properties-panel";
import { h } from "@bpmn-io/properties-panel/preact";
import { is } from "bpmn-js/lib/util/ModelUtil";
import { toEntry } from "./entries.js";
import * as fields from "./fields.js";
import { declared, listGroup } from "./parameters.js";
import { Writer } from "./writing.js";

const LOW_PRIORITY = 400; // after the provider whose groups are picked from
const STOCK = ["message", "signal", "error", "escalation"];
const Hint = ({ words }) => h("p", { class: "bio-properties-panel-hint" }, words);

export function BatonProvider(propertiesPanel, translate, modeling, bpmnFactory, offers) {
  const group = (id, label, entries, shouldOpen = true) =>
    entries.length === 0
      ? []
      : [{ id, label: translate(label), component: Group, entries: entries.map(toEntry), shouldOpen, translate }];

  function listGroups(element, stock) {
    const w = new Writer(element, modeling, bpmnFactory);
    return [
      ...group("general", "General", fields.general(w, offers)),
      ...group("starting", "Start", fields.starting(w, offers)),
      ...group("who", "Who acts", fields.whoActs(w, offers)),
      ...group("dates", "Due date and reminders", fields.dates(w)),
      ...group("service", "Service", withInputs(fields.service(w, offers), w)),
      ...group("call", "Called process", withInputs(fields.call(w, offers), w)),
      ...group("decision", "Decision", fields.decision(w, offers)),
      ...group("script", "Script", fields.script(w)),
      ...group("condition", "Condition", fields.condition(w)),
      ...stock.map((one) => ({ ...one, shouldOpen: true })),
      ...group("trigger", "Trigger", fields.trigger(w)),
      ...group("timer", "Timer", fields.timer(w)),
      ...group("correlation", "Which case", fields.correlation(w)),
      ...listGroup(w, offers, "in", translate),
      ...listGroup(w, offers, "out", translate),
      ...group("repetition", "Repetition", fields.repetition(w)),
      ...group("documentation", "Description", fields.documentation(w), false),
      ...group("actions", "Further actions", fields.actions(w), false),
      ...group("subject", "Shown in lists", fields.subject(w), false),
      ...group("running", "Execution", fields.running(w), false),
    ];
  }

  const withInputs = (own, w) => (own.length ? [...own, ...declared(w, offers)] : []);

  this.getGroups = (element) => (groups) =>
    is(element, "bpmn:Collaboration")
      ? [{ id: "hint", component: Hint, words: translate("Select an element to edit its properties.") }]
      : listGroups(
          element,
          groups.filter(({ id }) => STOCK.includes(id)),
        );
  propertiesPanel.registerProvider(LOW_PRIORITY, this);
}

BatonProvider.$inject = ["propertiesPanel", "translate", "modeling", "bpmnFactory", "config.offers"];
