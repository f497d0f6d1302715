// dmn-js without what the engine does not decide: no FEEL, no choice of a language, no requirements between tables.
import Editor from "dmn-js-decision-table/lib/Editor";
import createInputs from "dmn-js-decision-table/lib/features/create-inputs";
import description from "dmn-js-decision-table/lib/features/description";
import expressionLanguage from "dmn-js-decision-table/lib/features/expression-language";
import durations from "dmn-js-decision-table/lib/features/simple-duration-edit";
import times from "dmn-js-decision-table/lib/features/simple-time-edit";
import viewDrd from "dmn-js-decision-table/lib/features/view-drd";
import { DmnVariableResolverModule } from "@bpmn-io/dmn-variable-resolver";
import EditingManager from "dmn-js-shared/lib/base/EditingManager";
import feelContext from "dmn-js-shared/lib/features/feel-language-context";
import { is } from "dmn-js-shared/lib/util/ModelUtil";
import { say } from "../studio/texts.js";
import { translate, translateDrawn } from "./words.js";

const LEFT_OUT = [createInputs, description, expressionLanguage, durations, times, viewDrd, DmnVariableResolverModule, feelContext];
const PYTHON = { options: [{ label: "Python", value: "python" }], defaults: { editor: "python" } };

class TableEditor extends Editor {
  getModules() {
    return [...super.getModules().filter((module) => !LEFT_OUT.includes(module)), { translate: ["value", translate] }];
  }
}

class Tables extends EditingManager {
  _getViewProviders() {
    const opens = (element) => is(element, "dmn:Decision") && is(element.decisionLogic, "dmn:DecisionTable");
    return [{ id: "decisionTable", constructor: TableEditor, opens }];
  }
}

// Shows the tables of a file in `place`, one at a time, with a tab each where there are several.
export async function openTables(place, xml) {
  const changed = new Set();
  const opened = new Set();
  const manager = new Tables({
    container: place.querySelector("[data-table]"),
    common: { expressionLanguages: PYTHON, dataTypes: ["string", "boolean", "integer", "number", "date", "dateTime"] },
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
    onChange: (tell) => changed.add(tell),
    onOpen: (tell) => opened.add(tell),
    save: async () => (await manager.saveXML({ format: true })).xml,
  };
}
