// The form as the server renders it, in a frame without scripts that is as wide as a phone or a desk.
// What is filled in there is sent along, so that conditions and checks work as in a task; nothing is kept.
import { language, say } from "../../../src/studio/texts.js";

const PAUSE = 400; // ms without a change before the server is asked
const WIDTHS = { phone: 390, desk: 1024 };

export function openPreview(root, { onPick }) {
  const frame = root.querySelector("iframe");
  const data = root.querySelector("[data-data]");
  const problems = root.querySelector("[data-unsound]");
  const token = root.dataset.token;
  const chosen = { width: "phone", language, schema: "", isFilledIn: false };
  let timer, running;

  // `pressed`: the name and value of a button of the form.
  async function ask(pressed) {
    clearTimeout(timer);
    running?.abort();
    running = new AbortController();
    const body = new FormData();
    for (const [name, value] of readAnswers()) body.append(name, value);
    body.set("_schema", chosen.schema);
    body.set("_language", chosen.language);
    body.set("_data", data.value);
    if (pressed) body.append(...pressed);
    try {
      const answer = await fetch(root.dataset.preview, { method: "POST", body, headers: { "X-CSRF-Token": token, Accept: "application/json" }, signal: running.signal });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") tell([{ element: "", message: say("formed.preview.unreachable") }]);
    }
  }

  // Before anything was filled in, fields show their defaults.
  function readAnswers() {
    const form = frame.contentDocument?.querySelector("form");
    return form && chosen.isFilledIn ? [...new FormData(form)].filter(([, value]) => typeof value === "string") : [];
  }

  function show({ page, findings }) {
    tell(findings);
    root.classList.toggle("is-stale", page === null);
    if (page === null) return;
    if (frame.srcdoc) replace(new DOMParser().parseFromString(page, "text/html"));
    else frame.srcdoc = page;
  }

  // Exchanges the page and leaves the reader where he was.
  function replace(fresh) {
    const here = frame.contentDocument;
    const focused = here.activeElement?.id;
    here.documentElement.lang = fresh.documentElement.lang;
    here.body.replaceChildren(...fresh.body.childNodes);
    if (focused) here.getElementById(focused)?.focus();
  }

  function tell(findings) {
    problems.hidden = findings.length === 0;
    problems.querySelector("ul").replaceChildren(...findings.map(({ element, message }) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: element || "–" });
      button.className = "link mono xs";
      button.addEventListener("click", () => onPick(element));
      item.append(button, ` ${message}`);
      return item;
    }));
  }

  function listen() {
    const page = frame.contentDocument;
    page.addEventListener("change", () => {
      chosen.isFilledIn = true;
      ask();
    });
    page.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) ask(button.name ? [button.name, button.value] : ["_check", "1"]);
      const link = event.target.closest("a");
      if (link?.hash) page.getElementById(link.hash.slice(1))?.scrollIntoView({ block: "center" });
      if (button || link) event.preventDefault();
    });
    page.addEventListener("focusin", (event) => {
      const part = event.target.closest("[id^='f-']")?.id ?? "";
      if (part) onPick(event.target.name || part.slice(2));
    });
  }

  function fit() {
    const width = WIDTHS[chosen.width];
    const scale = Math.min(1, frame.parentElement.clientWidth / width);
    frame.style.inlineSize = `${width}px`;
    frame.style.blockSize = `${frame.parentElement.clientHeight / scale}px`;
    frame.style.scale = String(scale);
  }

  for (const button of root.querySelectorAll("button[data-width], button[data-language]")) {
    const name = button.dataset.width ? "width" : "language";
    const value = button.dataset[name];
    button.setAttribute("aria-pressed", String(chosen[name] === value));
    button.addEventListener("click", () => {
      chosen[name] = value;
      for (const one of root.querySelectorAll(`button[data-${name}]`)) one.setAttribute("aria-pressed", String(one === button));
      if (name === "language") ask();
      else root.parentElement.dataset.view = value; // a desk takes the place of the structure
    });
  }
  data.addEventListener("input", () => {
    if (data.value.trim() === "" || isObject(data.value)) ask();
  });
  frame.addEventListener("load", listen);
  new ResizeObserver(fit).observe(frame.parentElement);

  return {
    // A changed schema: asked for after a pause.
    change(schema) {
      chosen.schema = schema;
      clearTimeout(timer);
      timer = setTimeout(() => ask(), PAUSE);
    },
    // Shows where a component is.
    reveal(name) {
      const part = frame.contentDocument?.getElementById(`f-${name}`);
      (part?.closest(".field") ?? part)?.scrollIntoView({ block: "nearest" });
    },
  };
}

function isObject(text) {
  try {
    const found = JSON.parse(text);
    return found !== null && typeof found === "object" && !Array.isArray(found);
  } catch {
    return false;
  }
}
