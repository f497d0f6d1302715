// Trying a table out: values typed here, decided by the server in the sandbox, the matching rows marked.
import { say } from "../studio/texts.js";

const PAUSE = 400; // ms without a change before the server is asked

export function openTrial(root, tables, marker) {
  const fields = root.querySelector("[data-inputs]");
  const result = root.querySelector("[data-result]");
  const typed = {}; // by variable: what stands in its input
  let timer, running;

  async function ask() {
    running?.abort();
    running = new AbortController();
    const decision = tables.decision;
    const isTyped = Object.values(typed).some((text) => text !== "");
    const body = JSON.stringify({ content: await tables.save(), decision: decision.id, values: isTyped ? readValues(decision) : null });
    try {
      const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": root.dataset.token };
      const answer = await fetch(root.dataset.trial, { method: "POST", body, headers, signal: running.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      show(decision, await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") tell(say("tabled.unreachable"), "bad");
    }
  }

  function show(decision, { tables: read, findings, outcome }) {
    const table = read.find((one) => one.key === decision.id);
    if (findings.length || !table) {
      marker.mark("hit", []);
      tell(say("tabled.unsound", { count: findings.length }), "warn");
      return;
    }
    drawInputs(decision, table.variables);
    marker.mark("hit", outcome?.matched ?? []);
    if (!outcome) tell(say("tabled.try.hint"));
    else if (outcome.error) tell(say("tabled.failed", { reason: outcome.error }), "bad");
    else drawOutcome(decision, outcome);
  }

  function drawInputs(decision, variables) {
    const known = [...fields.querySelectorAll("[name]")].map((one) => one.name);
    if (known.join() === variables.join()) return;
    fields.replaceChildren(...variables.map((name) => drawInput(name, describe(decision, name))));
  }

  function drawInput(name, { label, type, values }) {
    const id = `try-${name}`;
    const field = make("div", "field");
    const heading = make("label", "label", label ? `${label} ` : "");
    heading.htmlFor = id;
    heading.append(make("code", "xs muted", name));
    const input = type === "boolean" || values.length ? drawChoice(type === "boolean" ? ["true", "false"] : values) : make("input", "input");
    Object.assign(input, { id, name, value: typed[name] ?? "", autocomplete: "off" });
    if (type === "integer" || type === "number") input.inputMode = "decimal";
    input.addEventListener("input", () => {
      typed[name] = input.value;
      change();
    });
    field.append(heading, input);
    return field;
  }

  function readValues(decision) {
    const names = [...fields.querySelectorAll("[name]")].map((one) => one.name);
    return Object.fromEntries(names.map((name) => [name, readValue(typed[name] ?? "", describe(decision, name).type)]));
  }

  function drawOutcome(decision, { matched, rows, result: value }) {
    const numbers = matched.map((id) => (decision.decisionLogic.rule ?? []).findIndex((rule) => rule.id === id) + 1);
    const list = make("dl", "kv");
    for (const row of rows) {
      for (const [name, output] of inOrder(decision, row)) list.append(make("dt", "mono", name), make("dd", "mono", JSON.stringify(output)));
    }
    const words = numbers.length ? say("tabled.matched", { rules: numbers.join(say("tabled.and")) }) : say("tabled.no_match");
    result.replaceChildren(make("p", numbers.length ? "ok sm" : "warn sm", words), ...(rows.length ? [list] : []));
    if (rows.length > 1) result.append(make("p", "help", `${say("tabled.result")} ${JSON.stringify(value)}`));
  }

  function tell(words, tone = "dim") {
    result.replaceChildren(make("p", `sm ${tone}`, words));
  }

  function change() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }
  return { change };
}

// What the table says of a variable, where an input column is nothing but its name.
function describe(decision, name) {
  const column = (decision.decisionLogic.input ?? []).find((one) => one.inputExpression?.text?.trim() === name);
  const values = [...(column?.inputValues?.text ?? "").matchAll(/"((?:\\.|[^"\\])*)"/g)].map((match) => match[1]);
  return { label: column?.label ?? "", type: column?.inputExpression?.typeRef ?? "", values };
}

// The results of a row in the order of their columns; a single column need not have a name.
function inOrder(decision, row) {
  const names = decision.decisionLogic.output.map((column) => column.name || decision.id);
  return names.filter((name) => name in row).map((name) => [name, row[name]]);
}

// Empty is nothing (null). Text columns take what is typed as it is; others take it as JSON where it is some.
function readValue(text, type) {
  if (text === "") return null;
  if (["string", "date", "dateTime"].includes(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function drawChoice(values) {
  const select = make("select", "input");
  for (const value of ["", ...values]) select.append(Object.assign(make("option", "", value || say("tabled.nothing")), { value }));
  return select;
}

function make(tag, classes, text = "") {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}
