// The page of an errand. When it is somebody else's turn, or it has got a map or a room, all of it is asked for anew: what
// had been sent by then is the outbox's, and what was not comes too late. Where a courier says where he is, his device
// does, and he need not type an address.
"use strict";
{
  document.addEventListener("part", ({ detail: { old, fresh } }) => {
    if (fresh.id === "now" && fresh.dataset.mark !== old.dataset.mark) location.reload();
  });

  const step = document.querySelector(".errand-step.is-courier");
  const fields = () => [...(step?.querySelectorAll("[data-place]") ?? [])];
  const find = (field, part) => field.querySelector(`[data-part="${part}"]`);
  const locate = () => {
    for (const field of fields().filter((one) => !one.classList.contains("by-device"))) {
      field.classList.add("by-device");
      const button = field.querySelector("[data-locate]");
      setTimeout(() => button.hidden || button.click()); // once the map's script is there
    }
  };
  step?.addEventListener("submit", () => {
    for (const field of fields()) {
      const address = find(field, "address");
      if (find(field, "point").value && !address.value) address.value = step.dataset.located;
    }
  }, true);
  document.addEventListener("htmx:after:swap", locate);
  window.addEventListener("load", locate);
}
