// The editor of decisions: dmn-js with the part of DMN the engine decides, and a place to try a decision out.
import "dmn-font/dist/css/dmn.css";
import "dmn-js-shared/assets/css/dmn-js-shared.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table.css";
import "dmn-js-decision-table/assets/css/dmn-js-decision-table-controls.css";
import "dmn-js-literal-expression/assets/css/dmn-js-literal-expression.css";
import { openDraft } from "./studio/draft.js";
import { watchProblems } from "./studio/problems.js";
import { say } from "./studio/texts.js";
import { openTables } from "./tables/editor.js";
import { makeMarker } from "./tables/marker.js";
import { openTrial } from "./tables/trial.js";
import "./tables/table-editor.css";

export { openTables };

const studio = document.getElementById("studio");
const place = studio.querySelector("[data-table-editor]");
const draft = openDraft(studio);
const marker = makeMarker();
let tables;
const goTo = async (id) => {
  await tables?.reveal(id);
  marker.goTo(id);
};
const problems = watchProblems(studio, draft, goTo);
const markProblems = () => marker.mark("wrong", problems.list().map((one) => one.element));
draft.addEventListener("findings", () => queueMicrotask(markProblems));

try {
  tables = await openTables(place, await draft.load(), studio.dataset.key);
  const trial = openTrial(studio.querySelector("[data-trial]"), tables, marker);
  tables.onChange(() => {
    draft.changed(tables.save);
    trial.change();
  });
  tables.onOpen(() => trial.change());
  trial.change();
  markProblems();
  if (studio.dataset.element) await goTo(studio.dataset.element);
} catch (error) {
  const notice = studio.querySelector("[data-unreadable]");
  notice.querySelector("span").textContent = say("tabled.unreadable.next", { reason: error.message });
  notice.hidden = false;
}
place.dataset.state = "ready";
