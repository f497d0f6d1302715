import "./modeler/modeler.css";
import { createModeler, show } from "./modeler/editor.js";
import { loadNames } from "./modeler/names.js";
import { untranslated } from "./modeler/i18n.js";

const host = document.querySelector("[data-modeler]");
const names = await loadNames(host.dataset.names);
const modeler = createModeler({ canvas: host, panel: document.querySelector("[data-panel]"), names });
const xml = await (await fetch(host.dataset.modeler)).text();
window.warnings = await show(modeler, xml);
window.modeler = modeler; window.untranslated = untranslated;
document.title = "ready";
