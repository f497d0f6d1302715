// Two versions of a process side by side, with the changes in words.
import "./modeler/compare/compare.css";
import { start } from "./modeler/compare/page.js";

await start(document.querySelector("[data-compare]"));
