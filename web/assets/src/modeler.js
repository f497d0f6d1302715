// The process editor.
import Modeler from "bpmn-js/lib/Modeler";

const host = document.querySelector("[data-modeler]");
const modeler = new Modeler({ container: host });
await modeler.importXML(await (await fetch(host.dataset.modeler)).text());
modeler.get("canvas").zoom("fit-viewport");
