// The palette in the order of work; undo and redo stand at its end. What is only drawn is found under "more elements".
import { icon } from "../studio/problems.js";

const LEFT_OUT = ["create.data-object", "create.data-store", "create.group"];

export function OwnPalette(palette, commandStack, translate) {
  const entry = (name, title, action) => ({
    group: "history",
    title: translate(title),
    html: `<div class="entry">${icon(name, "").outerHTML}</div>`,
    action: { click: () => action() },
  });
  palette.registerProvider(100, {
    getPaletteEntries: () => (entries) => ({
      ...Object.fromEntries(Object.entries(entries).filter(([id]) => !LEFT_OUT.includes(id))),
      "history-separator": { group: "history", separator: true },
      undo: entry("undo-2", "Undo", () => commandStack.undo()),
      redo: entry("redo-2", "Redo", () => commandStack.redo()),
    }),
  });
}

OwnPalette.$inject = ["palette", "commandStack", "translate"];
