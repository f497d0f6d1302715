// dmn-js without what the engine does not decide: no FEEL, no choice of a language. What a decision requires is kept.
import Editor from "dmn-js-decision-table/lib/Editor";
import createInputs from "dmn-js-decision-table/lib/features/create-inputs";
import description from "dmn-js-decision-table/lib/features/description";
import expressionLanguage from "dmn-js-decision-table/lib/features/expression-language";
import durations from "dmn-js-decision-table/lib/features/simple-duration-edit";
import times from "dmn-js-decision-table/lib/features/simple-time-edit";
import viewDrd from "dmn-js-decision-table/lib/features/view-drd";
import Expression from "dmn-js-literal-expression/lib/Editor";
import viewDrdOfExpression from "dmn-js-literal-expression/lib/features/view-drd";
import { DmnVariableResolverModule } from "@bpmn-io/dmn-variable-resolver";
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import feelContext from "dmn-js-shared/lib/features/feel-language-context";
import { is } from "dmn-js-shared/lib/util/ModelUtil";
import { say } from "../studio/texts.js";
import { translate, translateDrawn } from "./words.js";

const LEFT_OUT = [
  createInputs, description, expressionLanguage, durations, times, viewDrd, viewDrdOfExpression, DmnVariableResolverModule, feelContext,
];
const TYPES = ["string", "boolean", "integer", "number", "date", "time", "dateTime", "dayTimeDuration", "yearMonthDuration"];
const PYTHON = { options: [{ label: "Python", value: "python" }], defaults: { editor: "python" } };

const reduce = (modules) => [...modules.filter((module) => !LEFT_OUT.includes(module)), { translate: ["value", translate] }];

class TableEditor extends Editor {
  getModules() {
    return reduce(super.getModules());
  }
}

class ExpressionEditor extends Expression {
  getModules() {
    return reduce(super.getModules());
  }
}

class Tables extends EditingManager {
  _getViewProviders() {
    const opens = (logic) => (element) => is(element, "dmn:Decision") && is(element.decisionLogic, logic);
    return [
      { id: "decisionTable", constructor: TableEditor, opens: opens("dmn:DecisionTable") },
      { id: "literalExpression", constructor: ExpressionEditor, opens: opens("dmn:LiteralExpression") },
    ];
  }
}

// Shows the decisions of a file in `place`, one at a time, with a tab each where there are several; first the one that
// is called `key`.
export async function openTables(place, xml, key) {
  const changed = new Set();
  const opened = new Set();
  const manager = new Tables({
    container: place.querySelector("[data-table]"),
    common: { expressionLanguages: PYTHON, dataTypes: TYPES },
  });
  const stack = () => manager.getActiveViewer().get("commandStack");
  const steps = { undo: place.querySelector("[data-undo]"), redo: place.querySelector("[data-redo]") };
  const drawSteps = () => {
    steps.undo.disabled = !stack().canUndo();
    steps.redo.disabled = !stack().canRedo();
  };
  steps.undo.addEventListener("click", () => stack().undo());
  steps.redo.addEventListener("click", () => stack().redo());
  manager.on("viewer.created", ({ viewer }) => {
    viewer.on("commandStack.changed", () => {
      drawSteps();
      changed.forEach((tell) => tell());
    });
  });
  translateDrawn(place, say("tabled.number"));
  const { warnings } = await manager.importXML(xml);
  if (warnings.length) throw new Error(warnings.map((one) => one.message).join("; "));

  const find = (belongs) => manager.getViews().find((view) => belongs(view.element));
  const chosen = find((decision) => decision.id === key);
  if (chosen) await manager.open(chosen);
  drawSteps();
  const tabs = place.querySelector("[data-tabs]");
  const drawTabs = () => {
    const views = manager.getViews();
    tabs.hidden = views.length < 2;
    tabs.replaceChildren(...views.map((view) => {
      const tab = Object.assign(document.createElement("button"), { type: "button", textContent: view.element.name || view.element.id });
      tab.setAttribute("aria-pressed", String(view.element === manager.getActiveView().element));
      tab.addEventListener("click", () => manager.open(view));
      return tab;
    }));
  };
  manager.on("views.changed", () => {
    drawTabs();
    drawSteps();
    opened.forEach((tell) => tell());
  });
  drawTabs();
  return {
    get decision() {
      return manager.getActiveView().element;
    },
    get all() {
      return manager.getViews().map((view) => view.element);
    },
    // Shows the decision that holds an element of the file.
    async reveal(id) {
      const view = find((decision) => holds(decision, id));
      if (view && view !== manager.getActiveView()) await manager.open(view);
    },
    onChange: (tell) => changed.add(tell),
    onOpen: (tell) => opened.add(tell),
    save: async () => (await manager.saveXML({ format: true })).xml,
  };
}

// Whether an element lies within another: moddle keeps what is inside as properties, and the parent beside.
function holds(element, id) {
  if (element.id === id) return true;
  const inside = Object.entries(element).flatMap(([name, value]) => (name.startsWith("$") ? [] : value));
  return inside.some((one) => one?.$parent === element && holds(one, id));
}
