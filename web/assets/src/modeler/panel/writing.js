// How the panel writes into the model: every change is one command, so that one undo takes it back.
import { getBusinessObject } from "bpmn-js/lib/util/ModelUtil";

export class Writer {
  constructor(element, modeling, bpmnFactory) {
    this.element = element;
    this.target = getBusinessObject(element);
    this.modeling = modeling;
    this.factory = bpmnFactory;
  }

  // --- attributes
  attribute(name, target = this.target) {
    return {
      get: () => target.get(name), // not "" for none: leaving the field would then count as a change
      set: (value) => this.update(target, { [name]: value || undefined }),
    };
  }

  number(name, target) {
    return {
      get: () => target.get(name)?.toString(),
      set: (value) =>
        (value === undefined || /^\d+$/.test(value)) && this.update(target, { [name]: value && Number(value) }),
    };
  }

  update(target, properties) {
    this.modeling.updateModdleProperties(this.element, target, properties);
  }

  create(type, properties, parent) {
    const made = this.factory.create(type, properties);
    made.$parent = parent;
    return made;
  }

  // An element below `target` whose text is an expression, such as a condition.
  expression(name, target = this.target) {
    return {
      get: () => target.get(name)?.get("body"),
      set: (body) =>
        this.update(target, { [name]: body ? this.create("bpmn:FormalExpression", { body }, target) : undefined }),
    };
  }

  // --- extension elements
  extensions() {
    return this.target.get("extensionElements")?.get("values") ?? [];
  }

  find(type) {
    return this.extensions().filter((one) => one.$type === type);
  }

  // Puts `made` in the place of `old`, both lists of extension elements; the others stay where they are.
  replace(old, made) {
    const holder = this.target.get("extensionElements");
    const at = holder ? holder.get("values").indexOf(old[0]) : -1;
    const rest = this.extensions().filter((one) => !old.includes(one));
    const values = at < 0 ? [...rest, ...made] : [...rest.slice(0, at), ...made, ...rest.slice(at)];
    if (values.length === 0) return this.update(this.target, { extensionElements: undefined });
    const next = this.create("bpmn:ExtensionElements", { values }, this.target);
    for (const one of values) one.$parent = next;
    return this.update(this.target, { extensionElements: next });
  }

  // --- parameters of services and messages: `kind` is inputParameter or outputParameter
  parameters(kind) {
    return this.find("camunda:InputOutput")[0]?.get(`${kind}s`) ?? [];
  }

  setParameters(kind, list) {
    const old = this.find("camunda:InputOutput");
    const other = kind === "inputParameter" ? "outputParameter" : "inputParameter";
    const kept = this.parameters(other);
    if (list.length + kept.length === 0) return this.replace(old, []);
    const made = this.create("camunda:InputOutput", { [`${kind}s`]: list, [`${other}s`]: kept });
    for (const one of [...list, ...kept]) one.$parent = made;
    return this.replace(old, [made]);
  }

  parameter(kind, name, value) {
    const type = kind === "inputParameter" ? "camunda:InputParameter" : "camunda:OutputParameter";
    return this.create(type, { name, value });
  }

  // --- mappings of calls: `type` is camunda:In or camunda:Out
  mappings(type) {
    return this.find(type).filter((one) => one.get("source") || one.get("sourceExpression") || one.get("target"));
  }

  mapping(type, target, text) {
    const isName = /^[A-Za-z_]\w*$/.test(text);
    return this.create(type, { target, [isName || !text ? "source" : "sourceExpression"]: text || undefined });
  }

  setMappings(type, list) {
    return this.replace(this.mappings(type), list);
  }
}

export const sourceOf = (mapping) => mapping.get("source") ?? mapping.get("sourceExpression") ?? "";
