// What the menus offer: what the engine runs, and a ready service task for every registered service.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";

const LAST = 100; // after the providers whose entries are looked through
const MENUS = ["bpmn-replace", "bpmn-append", "bpmn-create"];

// Drawn by other engines; ours refuses them when a diagram is checked.
const NOT_RUN = [
  /ad-?hoc/,
  /complex-gateway/,
  /compensation/,
  /conditional-flow/,
  /toggle-participant-multiplicity/,
];
// These start an event sub-process only, never a process.
const REACTIONS = [/non-interrupting-.*start/, /(error|escalation|conditional)-start/];

function keepRun(element) {
  const isReaction = getBusinessObject(element)?.$parent?.triggeredByEvent;
  const left = isReaction ? NOT_RUN : [...NOT_RUN, ...REACTIONS];
  return (entries) =>
    Object.fromEntries(Object.entries(entries).filter(([id]) => !left.some((pattern) => pattern.test(id))));
}

export function RunnableMenus(popupMenu) {
  for (const menu of MENUS) popupMenu.registerProvider(menu, LAST, this);
}

RunnableMenus.prototype.getPopupMenuEntries = keepRun;
RunnableMenus.prototype.getPopupMenuHeaderEntries = keepRun;
RunnableMenus.$inject = ["popupMenu"];

// A service task that is complete but for the values: inputs are filled with variables of the same name.
function makeService(topic, bpmnFactory, elementFactory) {
  const parameter =
    (type) =>
    ({ name }) =>
      bpmnFactory.create(type, { name, value: `\${${name}}` });
  const values = [
    bpmnFactory.create("camunda:InputOutput", {
      inputParameters: topic.inputs.filter(({ isRequired }) => isRequired).map(parameter("camunda:InputParameter")),
      outputParameters: topic.outputs.map(parameter("camunda:OutputParameter")),
    }),
  ];
  const businessObject = bpmnFactory.create("bpmn:ServiceTask", {
    ...topic.attributes,
    extensionElements: bpmnFactory.create("bpmn:ExtensionElements", { values }),
  });
  return elementFactory.createShape({ type: "bpmn:ServiceTask", businessObject });
}

export function ServiceMenus(
  popupMenu,
  autoPlace,
  create,
  mouse,
  bpmnFactory,
  elementFactory,
  translate,
  rules,
  offers,
) {
  const group = { id: "services", name: translate("Services") };
  const start = (event, shape, hints) =>
    create.start(event instanceof KeyboardEvent ? mouse.getLastMoveEvent() : event, shape, hints);

  function list(act) {
    const entries = offers.topics.map((topic) => {
      const make = () => makeService(topic, bpmnFactory, elementFactory);
      const { id, name: label, description } = topic;
      return [
        `service-${id}`,
        { label, description, search: id, group, className: "bpmn-icon-service-task", action: act(make) },
      ];
    });
    return (others) => ({ ...others, ...Object.fromEntries(entries) });
  }

  const append = {
    getPopupMenuEntries: (element) =>
      rules.allowed("shape.append", { element })
        ? list((make) => ({
            click: () => autoPlace.append(element, make()),
            dragstart: (event) => start(event, make(), { source: element }),
          }))
        : {},
  };
  const createNew = {
    getPopupMenuEntries: () =>
      list((make) => {
        const drop = (event) => {
          popupMenu.close();
          start(event, make());
        };
        return { click: drop, dragstart: drop };
      }),
  };
  popupMenu.registerProvider("bpmn-append", LAST, append);
  popupMenu.registerProvider("bpmn-create", LAST, createNew);
}

ServiceMenus.$inject = [
  "popupMenu",
  "autoPlace",
  "create",
  "mouse",
  "bpmnFactory",
  "elementFactory",
  "translate",
  "rules",
  "config.offers",
];
