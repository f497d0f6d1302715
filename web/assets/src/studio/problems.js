// The problems panel: what the server found, as one types.
import { fill } from "./draft.js";

const ICONS = { error: ["circle-alert", "bad"], warning: ["triangle-alert", "warn"] };

// Shows the findings of the page, then those of every save; `onPick(element, finding)` goes to the place of one.
// `more()` gives findings the editor has of its own; `refresh` of the answer shows them anew. `fixes(finding)` gives
// remedies of one click: [{label, apply}].
export function watchProblems(root, draft, onPick, more = () => [], fixes = () => []) {
  let found = draft.findings;
  const refresh = () => show(root, draft.words, [...found, ...more()], onPick, fixes);
  draft.addEventListener("findings", ({ detail }) => {
    found = detail;
    refresh();
  });
  refresh();
  return { refresh, list: () => [...found, ...more()] };
}

function show(root, words, findings, onPick, fixes) {
  const list = root.querySelector("[data-problems]");
  list.replaceChildren(...findings.map((one) => row(words, one, onPick, fixes)));
  const errors = findings.filter((one) => one.severity === "error").length;
  root.querySelector("[data-problem-counts]").replaceChildren(
    ...badge("error", "badge-bad", words.errors, errors),
    ...badge("warning", "badge-warn", words.warnings, findings.length - errors),
    ...(findings.length ? [] : [make("span", "sm dim", words.none)]),
  );
}

function row(words, finding, onPick, fixes) {
  const item = make("li", "problem");
  const button = make("button", "grow");
  button.type = "button";
  button.append(make("span", "vh", `${words[finding.severity]}: `), finding.message);
  const meta = make("span", "meta xs muted");
  meta.append(make("span", "mono", finding.element), make("span", "mono", finding.rule));
  button.append(meta);
  button.addEventListener("click", () => onPick(finding.element, finding));
  item.append(icon(...ICONS[finding.severity]), button, ...fixes(finding).map(remedy));
  return item;
}

function remedy({ label, apply }) {
  const button = make("button", "btn btn-s", label);
  button.type = "button";
  button.addEventListener("click", apply);
  return button;
}

function badge(severity, tone, words, count) {
  if (!count) return [];
  const made = make("span", `badge ${tone}`);
  made.append(icon(ICONS[severity][0], ""), fill(words[count === 1 ? 0 : 1], { count }));
  return [made];
}

function make(tag, classes, text = "") {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}

// The sprite's address is that of any icon of the page.
export function icon(name, tone) {
  const sprite = document.querySelector("svg.i use").getAttribute("href").split("#")[0];
  const holder = document.createElement("template");
  holder.innerHTML = `<svg class="i ${tone}" aria-hidden="true"><use href="${sprite}#${name}"/></svg>`;
  return holder.content.firstChild;
}
