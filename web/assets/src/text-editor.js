// Edits a draft that is plain text, as it is.
import { openDraft } from "./studio/draft.js";
import { watchProblems } from "./studio/problems.js";

const root = document.getElementById("studio");
const draft = openDraft(root);
const area = root.querySelector("[data-text]");
watchProblems(root, draft, () => area.focus());
area.addEventListener("input", () => draft.changed(() => area.value));
