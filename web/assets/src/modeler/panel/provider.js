// The groups of the properties panel: ours in the analyst's words, and those of bpmn-js-properties-panel for the
// definitions of events.
import { Group } from "@bpmn-io/properties-panel";
import { toEntry } from "./entries.js";
import * as fields from "./fields.js";
import { declared, listGroup } from "./parameters.js";
import { Writer } from "./writing.js";

const LOW_PRIORITY = 400; // after the provider whose groups are picked from
const STOCK = ["message", "signal", "error", "escalation"];

export function BatonProvider(propertiesPanel, translate, modeling, bpmnFactory, offers) {
  const make = (id, label, entries, shouldOpen) =>
    entries.length ? [{ id, label: translate(label), component: Group, entries: entries.map(toEntry), shouldOpen, translate }] : [];

  function list(element, stock) {
    const w = new Writer(element, modeling, bpmnFactory);
    const parameters = declared(w, offers);
    return [
      ...make("general", "General", fields.general(w, offers), true),
      ...make("who", "Who acts", fields.whoActs(w, offers), true),
      ...make("dates", "Due date and reminders", fields.dates(w), true),
      ...make("service", "Service", [...fields.service(w, offers), ...parameters.filter(() => fields.service(w, offers).length)], true),
      ...make("call", "Called process", [...fields.call(w, offers), ...parameters.filter(() => fields.call(w, offers).length)], true),
      ...make("decision", "Decision", fields.decision(w, offers), true),
      ...make("script", "Script", fields.script(w), true),
      ...make("condition", "Condition", fields.condition(w), true),
      ...stock.map((group) => ({ ...group, shouldOpen: true })),
      ...make("timer", "Timer", fields.timer(w), true),
      ...make("correlation", "Which case", fields.correlation(w), true),
      ...listGroup(w, offers, "in", translate),
      ...listGroup(w, offers, "out", translate),
      ...make("repetition", "Repetition", fields.repetition(w), true),
      ...make("documentation", "Description", fields.documentation(w)),
      ...make("actions", "Further actions", fields.actions(w)),
      ...make("subject", "Shown in lists", fields.subject(w)),
      ...make("running", "Execution", fields.running(w)),
    ];
  }

  this.getGroups = (element) => (groups) => list(element, groups.filter(({ id }) => STOCK.includes(id)));
  propertiesPanel.registerProvider(LOW_PRIORITY, this);
}

BatonProvider.$inject = ["propertiesPanel", "translate", "modeling", "bpmnFactory", "config.offers"];
