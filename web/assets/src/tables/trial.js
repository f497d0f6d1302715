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
    const body = JSON.stringify({ content: await tables.save(), decision: decision.id, values: isTyped ? readValues() : null });
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
    drawInputs(table.variables);
    marker.mark("hit", outcome?.matched ?? []);
    if (!outcome) tell(say("tabled.try.hint"));
    else if (outcome.error) tell(say("tabled.failed", { reason: outcome.error }), "bad");
    else drawOutcome(decision, outcome);
  }

  function drawInputs(variables) {
    const known = [...fields.querySelectorAll("[name]")].map((one) => one.name);
    if (known.join() === variables.join()) return;
    fields.replaceChildren(...variables.map((name) => drawInput(name, describe(tables.all, name))));
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

  function readValues() {
    const names = [...fields.querySelectorAll("[name]")].map((one) => one.name);
    return Object.fromEntries(names.map((name) => [name, readValue(typed[name] ?? "", describe(tables.all, name).type)]));
  }

  // What was decided before, then the decision itself.
  function drawOutcome(decision, outcome) {
    const before = outcome.required.flatMap((one) => {
      const required = tables.all.find((other) => other.id === one.key);
      return [make("h3", "sm", required.name || required.id), ...describeOutcome(required, one)];
    });
    const own = before.length ? [make("h3", "sm", decision.name || decision.id)] : [];
    result.replaceChildren(...before, ...own, ...describeOutcome(decision, outcome));
  }

  function describeOutcome({ decisionLogic: logic, id }, { matched, rows, result: value }) {
    const numbers = matched.map((rule) => (logic.rule ?? []).findIndex((one) => one.id === rule) + 1);
    const list = make("dl", "kv");
    for (const row of rows) {
      for (const [name, output] of inOrder(logic, id, row)) list.append(make("dt", "mono", name), make("dd", "mono", JSON.stringify(output)));
    }
    const drawn = rows.length ? [list] : [];
    if (rows.length > 1) drawn.push(make("p", "help", `${say("tabled.result")} ${JSON.stringify(value)}`));
    if (!logic.output) return drawn;
    if (numbers.length) return [make("p", "ok sm", say("tabled.matched", { rules: numbers.join(say("tabled.and")) })), ...drawn];
    return [make("p", "warn sm", say(rows.length ? "tabled.default" : "tabled.no_match")), ...drawn];
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

// What the tables say of a variable, where an input column is nothing but its name.
function describe(decisions, name) {
  const columns = decisions.flatMap((decision) => decision.decisionLogic.input ?? []);
  const column = columns.find((one) => one.inputExpression?.text?.trim() === name);
  const values = [...(column?.inputValues?.text ?? "").matchAll(/"((?:\\.|[^"\\])*)"/g)].map((match) => match[1]);
  return { label: column?.label ?? "", type: column?.inputExpression?.typeRef ?? "", values };
}

// The results of a row in the order of their columns; a single column need not have a name.
function inOrder(logic, id, row) {
  const names = logic.output?.map((column) => column.name || id) ?? Object.keys(row);
  return names.filter((name) => name in row).map((name) => [name, row[name]]);
}

// Empty is nothing (null). Text columns take what is typed as it is; others take it as JSON where it is some.
function readValue(text, type) {
  if (text === "") return null;
  if (["string", "date", "time", "dateTime", "dayTimeDuration", "yearMonthDuration"].includes(type)) return text;
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
