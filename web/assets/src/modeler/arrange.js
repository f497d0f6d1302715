// Has the server lay the diagram out anew; can be taken back until something else is changed.
import { show } from "./diagram.js";

export function watchArrange(root, modeler, draft) {
  const [arrange, undo] = ["[data-arrange]", "[data-arrange-undo]"].map((name) => root.querySelector(name));
  const failed = root.querySelector("[data-arrange-failed]");
  let former = null;
  arrange.hidden = false;

  const write = async () => (await modeler.saveXML({ format: true })).xml;
  const replace = async (xml, before) => {
    await show(modeler, xml);
    former = before;
    undo.hidden = former === null;
    draft.changed(write);
  };
  arrange.addEventListener("click", async () => {
    arrange.disabled = true;
    failed.hidden = true;
    try {
      const before = await write();
      await replace(await layOut(root, arrange.dataset.arrange, before), before);
    } catch (error) {
      console.info(error);
      failed.hidden = false;
    } finally {
      arrange.disabled = false;
    }
  });
  undo.addEventListener("click", async () => {
    await replace(former, null);
    arrange.focus();
  });
  modeler.on("commandStack.changed", ({ trigger }) => {
    if (trigger !== "clear") undo.hidden = true;
  });
}

async function layOut(root, address, body) {
  const headers = {
    "Accept": "application/json, application/xml",
    "Content-Type": "application/octet-stream",
    "X-CSRF-Token": root.dataset.token,
  };
  const answer = await fetch(address, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return answer.text();
}
