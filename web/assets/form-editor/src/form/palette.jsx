// The components to put into a form: dragged onto the canvas, or pressed to go behind the selected one.
import { useEffect, useReducer } from "preact/hooks";
import { say } from "../../../src/studio/texts.js";
import { Icon } from "./canvas.jsx";
import { PLACES } from "./kinds.js";
import { pick } from "./words.js";

export function Palette({ editor, kinds }) {
  const stack = editor.get("commandStack");
  const [, refresh] = useReducer((count) => count + 1, 0);
  useEffect(() => editor.on("commandStack.changed", refresh), [editor]);
  return (
    <div class="fe-palette">
      <div class="bar">
        <button type="button" class="btn btn-s btn-i" disabled={!stack.canUndo()} aria-label={say("formed.undo")} title={say("formed.undo")} onClick={() => stack.undo()}><Icon name="undo-2" /></button>
        <button type="button" class="btn btn-s btn-i" disabled={!stack.canRedo()} aria-label={say("formed.redo")} title={say("formed.redo")} onClick={() => stack.redo()}><Icon name="redo-2" /></button>
      </div>
      {PLACES.map((place) => (
        <section key={place}>
          <h2 class="xs muted">{say(`formed.place.${place}`)}</h2>
          <div class="fjs-palette-fields fjs-drag-container fjs-no-drop">
            {Object.entries(kinds).filter(([, kind]) => kind.place === place).map(([type, kind]) => (
              <button key={type} type="button" class="fjs-palette-field fjs-drag-copy fjs-no-drop" data-field-type={type} onClick={() => add(editor, type)}>
                <Icon name={kind.icon} /><span>{pick(kind.names)}</span>
              </button>
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}

// Behind the selected component, into a selected group, else at the end.
function add(editor, type) {
  const selected = editor.get("selection").get();
  const { schema } = editor._getState();
  const isFrame = selected?.components !== undefined;
  const parent = isFrame ? selected : (selected && editor.get("formFieldRegistry").get(selected._parent)) || schema;
  const index = selected && !isFrame ? parent.components.indexOf(selected) + 1 : parent.components.length;
  editor.get("modeling").addFormField({ type, _parent: parent.id }, parent, index);
}
