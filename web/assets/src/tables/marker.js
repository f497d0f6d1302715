// Marks rows and cells by sheets of rules: dmn-js draws its cells anew at any time, and would drop classes.
const LOOKS = {
  hit: (id) => `.dmn-decision-table-container [data-row-id="${id}"] { background: var(--ok-soft) !important; box-shadow: inset 0 1px var(--ok), inset 0 -1px var(--ok); }`,
  wrong: (id) =>
    `.dmn-decision-table-container [data-element-id="${id}"] { box-shadow: inset 0 0 0 2px var(--bad); }\n` +
    `.dmn-decision-table-container [data-row-id="${id}"] { box-shadow: inset 0 1px var(--bad), inset 0 -1px var(--bad); }`,
};

export function makeMarker() {
  const sheets = Object.fromEntries(Object.keys(LOOKS).map((look) => [look, new CSSStyleSheet()]));
  document.adoptedStyleSheets.push(...Object.values(sheets));
  return {
    mark(look, ids) {
      sheets[look].replaceSync(ids.map((id) => LOOKS[look](CSS.escape(id))).join("\n"));
    },
    // Brings an element of the table into view and puts the cursor into it.
    goTo(id) {
      const cell = document.querySelector(`[data-element-id="${CSS.escape(id)}"], [data-row-id="${CSS.escape(id)}"]`);
      if (!cell) return;
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
      (cell.querySelector("[contenteditable]") ?? cell).focus();
    },
  };
}
