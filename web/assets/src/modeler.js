// The page of a drafted process: a modeler, or on a narrow screen the diagram to look at.
import "./modeler/modeler.css";

const root = document.getElementById("studio");
const isNarrow = matchMedia("(max-width: 60rem)").matches;
const { start } = await (isNarrow ? import("./modeler/look.js") : import("./modeler/edit.js"));
await start(root);
