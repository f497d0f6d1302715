// The modeler with all its parts.
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from "bpmn-js-properties-panel";
import CamundaBehaviors from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import ColorPicker from "bpmn-js-color-picker";
import ContextPad from "diagram-js/lib/features/context-pad/ContextPad";
import { CreateAppendAnythingModule } from "bpmn-js-create-append-anything";
import Grid from "diagram-js-grid";
import Minimap from "diagram-js-minimap";
import Modeler from "bpmn-js/lib/Modeler";
import { LOOKS, moddleExtensions } from "./diagram.js";
import I18n from "./i18n.js";
import { RunnableMenus, ServiceMenus } from "./menus.js";
import { OwnPalette } from "./own-palette.js";
import { BatonProvider } from "./panel/provider.js";
import Simulation from "./simulation.js";
import { Tidy } from "./tidy.js";

// bpmn-js itself still calls this and would warn in the console each time a menu opens.
class QuietContextPad extends ContextPad {
  getPad() {
    return { html: this._current.html };
  }
}

const Baton = {
  __init__: ["runnableMenus", "serviceMenus", "batonProvider", "ownPalette", "tidy"],
  runnableMenus: ["type", RunnableMenus],
  serviceMenus: ["type", ServiceMenus],
  batonProvider: ["type", BatonProvider],
  ownPalette: ["type", OwnPalette],
  tidy: ["type", Tidy],
  contextPad: ["type", QuietContextPad],
};

export function createModeler({ canvas, panel, offers }) {
  return new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    debounceInput: 250, // milliseconds; saving waits a while itself
    offers,
    ...LOOKS,
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
