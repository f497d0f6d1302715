// A draft on a narrow screen: drawn and with its problems, not to be changed.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import { openDraft } from "../studio/draft.js";
import { watchProblems } from "../studio/problems.js";
import { LOOKS, moddleExtensions, show } from "./diagram.js";
import I18n from "./i18n.js";
import { Marks } from "./marks.js";

export async function start(root) {
  const draft = openDraft(root);
  const container = root.querySelector("[data-modeler]");
  const viewer = new Viewer({ container, ...LOOKS, moddleExtensions, additionalModules: [I18n] });
  await show(viewer, await draft.load());
  const marks = new Marks(viewer);
  const problems = watchProblems(root, draft, (element) => marks.go(element));
  marks.draw(problems.list());
  container.dataset.state = "ready";
}
