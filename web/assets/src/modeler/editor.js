// The modeler with all its parts.
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import CamundaBehaviors from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import camundaModdle from "camunda-bpmn-moddle/resources/camunda.json";
import ColorPicker from "bpmn-js-color-picker";
import ContextPad from "diagram-js/lib/features/context-pad/ContextPad";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";
import Grid from "diagram-js-grid";
import Minimap from "diagram-js-minimap";
import Modeler from "bpmn-js/lib/Modeler";
import { batonModdle } from "./baton.js";
import I18n from "./i18n.js";
import { RunnableMenus, ServiceMenus } from "./menus.js";
import { BatonProvider } from "./panel/provider.js";
import Simulation from "./simulation.js";

export const moddleExtensions = { camunda: camundaModdle, baton: batonModdle };
export const COLOURS = {
  defaultFillColor: "var(--surface)",
  defaultStrokeColor: "var(--stroke)",
  defaultLabelColor: "var(--text)",
};

// bpmn-js itself still calls this and would warn in the console each time a menu opens.
class QuietContextPad extends ContextPad {
  getPad() {
    return { html: this._current.html };
  }
}

const Baton = {
  __init__: ["runnableMenus", "serviceMenus", "batonProvider"],
  runnableMenus: ["type", RunnableMenus],
  serviceMenus: ["type", ServiceMenus],
  batonProvider: ["type", BatonProvider],
  contextPad: ["type", QuietContextPad],
};

export function createModeler({ canvas, panel, names }) {
  return new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    names,
    bpmnRenderer: COLOURS,
    moddleExtensions,
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CamundaBehaviors,
      CreateAppendAnythingModule,
      Minimap,
      Grid,
      ColorPicker,
      Simulation,
      Baton,
      I18n,
    ],
  });
}

// Shows a diagram and gives what went wrong in reading it: a reference that was lost would be lost in the file, too.
export async function show(modeler, xml) {
  const { warnings } = await modeler.importXML(xml);
  modeler.get("canvas").zoom("fit-viewport", "auto");
  return warnings.map(({ message }) => message);
}
