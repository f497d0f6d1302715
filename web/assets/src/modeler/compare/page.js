// The page of a comparison: two viewers that move together, and a list that leads to the places.
import Viewer from "bpmn-js/lib/NavigatedViewer";
import { fit, LOOKS, moddleExtensions, show } from "../diagram.js";
import I18n, { translate } from "../i18n.js";
import { getLabel } from "../labels.js";
import { Marks } from "../marks.js";
import { KINDS, listChanges } from "./changes.js";
import { nameKind } from "./facts.js";

const TITLES = { added: "Added", removed: "Removed", changed: "Changed", moved: "Moved or drawn anew" };

export async function start(root) {
  const places = [...root.querySelectorAll("[data-version]")];
  const [before, after] = await Promise.all(places.map(open));
  keepTogether(before, after);
  const changes = listChanges(before.getDefinitions(), after.getDefinitions());
  for (const { id, kind } of changes) {
    if (kind !== "added") mark(before, id, kind);
    if (kind !== "removed") mark(after, id, kind);
  }
  const views = [new Marks(before), new Marks(after)];
  draw(root.querySelector("[data-changes]"), changes, (id) => views.forEach((view) => view.point(id)));
  for (const one of [before, after]) one.on("element.click", ({ element }) => reveal(root, element));
  root.dataset.state = "ready";
}

async function open(container) {
  const viewer = new Viewer({ container, ...LOOKS, moddleExtensions, additionalModules: [I18n] });
  await show(viewer, await (await fetch(container.dataset.version)).text());
  fit(viewer);
  return viewer;
}

function keepTogether(...viewers) {
  let isBusy = false;
  viewers.forEach((viewer, index) =>
    viewer.on("canvas.viewbox.changed", ({ viewbox }) => {
      if (isBusy) return;
      isBusy = true;
      const { x, y, scale } = viewbox;
      const other = viewers[1 - index].get("canvas");
      const { outer } = other.viewbox();
      other.viewbox({ x, y, width: outer.width / scale, height: outer.height / scale });
      isBusy = false;
    }),
  );
}

function mark(viewer, id, kind) {
  const element = new Marks(viewer).find(id);
  if (element && element !== viewer.get("canvas").getRootElement()) viewer.get("canvas").addMarker(element, kind);
}

function draw(place, changes, onPick) {
  if (changes.length === 0) place.append(make("p", "empty-line dim", translate("Nothing differs.")));
  for (const kind of KINDS) {
    const listed = changes.filter((one) => one.kind === kind);
    if (listed.length === 0) continue;
    const list = make("ol", "changes");
    list.append(...listed.map((change) => row(change, onPick)));
    place.append(make("h2", `change-${kind}`, `${translate(TITLES[kind])} · ${listed.length}`), list);
  }
}

function row({ id, element, rows }, onPick) {
  const item = make("li", "change");
  item.dataset.element = id;
  const button = make("button", "");
  button.type = "button";
  const words = translate(nameKind(element));
  button.append(
    make("b", "", getLabel({ businessObject: element }) || id),
    make("span", "xs muted", `${words} · ${id}`),
  );
  button.addEventListener("click", () => onPick(id));
  item.append(button);
  if (rows.length) {
    const facts = make("dl", "");
    for (const [label, old, now] of rows) {
      const value = make("dd", "");
      if (old) value.append(make("del", "", old));
      if (old && now) value.append(make("span", "muted", " → "));
      if (now) value.append(make("ins", "", now));
      facts.append(make("dt", "", label), value);
    }
    item.append(facts);
  }
  return item;
}

function reveal(root, element) {
  const id = element.businessObject?.id;
  root.querySelector(`.change[data-element="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" });
}

function make(tag, classes, text = "") {
  const made = document.createElement(tag);
  made.className = classes;
  made.textContent = text;
  return made;
}
