// When a component is shown, and where it stands: what the mouse does by dragging, buttons do as well.
import { say } from "../../../src/studio/texts.js";
import { Icon } from "./canvas.jsx";
import { TextEntry, TickEntry } from "./entries.jsx";
import { removeField } from "./schema.js";

const ROW = 3; // components side by side, as the server lays them out

export function Presence({ field, edit, editor, parent, isEntry }) {
  const id = `fe-${field.id}`;
  const index = parent.components.indexOf(field);
  const before = parent.components[index - 1];
  const rowOf = (one) => editor.get("formLayouter").getRowForField(one);
  const isBeside = Boolean(before) && rowOf(before) === rowOf(field);
  const move = (to) => {
    const row = rowOf(field);
    const aloneAt = { id: editor.get("formLayouter").nextRowId(), components: [] };
    editor.get("modeling").moveFormField(field, parent, parent, index, to, row, aloneAt);
  };
  const stand = (beside) => edit({ layout: { ...field.layout, row: beside ? keepRow(before, rowOf(before), editor) : editor.get("formLayouter").nextRowId() } });
  return (
    <>
      {!isEntry && <TextEntry id={`${id}-when`} label={say("formed.when")} help={say("formed.when.help")} mono lines={2} value={field.showWhen} onCommit={(text) => edit({ showWhen: text.trim() || undefined })} />}
      {before && (isBeside || rowOf(before).components.length < ROW) && (
        <TickEntry id={`${id}-beside`} label={say("formed.beside")} value={isBeside} onCommit={stand} />
      )}
      <div class="bar">
        <button type="button" class="btn btn-s" disabled={index === 0} onClick={() => move(index - 1)}><Icon name="chevron-up" />{say("formed.up")}</button>
        <button type="button" class="btn btn-s" disabled={index === parent.components.length - 1} onClick={() => move(index + 1)}><Icon name="chevron-down" />{say("formed.down")}</button>
        <button type="button" class="btn btn-s btn-bad push" onClick={() => removeField(editor, field)}><Icon name="trash-2" />{say("formed.remove")}</button>
      </div>
    </>
  );
}

// The row of a component, written into it so that another one can share it.
function keepRow(field, row, editor) {
  if (field.layout?.row !== row.id) editor.get("modeling").editFormField(field, { layout: { ...field.layout, row: row.id } });
  return row.id;
}
