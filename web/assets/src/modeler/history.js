// Undo and redo at the end of the palette.
import { icon } from "../studio/problems.js";

export function HistoryPalette(palette, commandStack, translate) {
  const entry = (name, title, action) => ({
    group: "history",
    title: translate(title),
    html: `<div class="entry">${icon(name, "").outerHTML}</div>`,
    action: { click: () => action() },
  });
  palette.registerProvider(100, {
    getPaletteEntries: () => (entries) => ({
      ...entries,
      "history-separator": { group: "history", separator: true },
      undo: entry("undo-2", "Undo", () => commandStack.undo()),
      redo: entry("redo-2", "Redo", () => commandStack.redo()),
    }),
  });
}

HistoryPalette.$inject = ["palette", "commandStack", "translate"];
