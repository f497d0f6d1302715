// A task's form without a connection: files that cannot be uploaded yet wait in the form, and what is sent goes by the
// outbox, which keeps it until the server has answered.
"use strict";
{
  const form = document.getElementById("task-form");
  const pending = document.getElementById("pending");
  const worker = form?.dataset.worker;
  const EDGE = 320;

  // --- the worker that keeps this page readable ------------------------------------------------------------------------
  if (worker && navigator.serviceWorker) {
    const seen = [location.pathname, ...[...document.querySelectorAll("script[src], link[rel=stylesheet], link[rel=icon]")].map((one) => one.src ?? one.href)];
    const icons = document.querySelector("use")?.getAttribute("href");
    navigator.serviceWorker.register(worker).then(() => navigator.serviceWorker.ready).then(({ active }) => {
      active.postMessage({ seen: icons ? [...seen, icons] : seen });
    }).catch(() => {}); // without it the page is there as long as it stays open
  }

  // --- files that wait -------------------------------------------------------------------------------------------------
  const draw = async (image, file) => {
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
      const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width * scale, height: bitmap.height * scale });
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      image.src = canvas.toDataURL("image/jpeg");
    } catch {
      image.remove(); // no picture
    }
  };

  const holdOne = (input, file) => {
    const row = pending.querySelector("template").content.firstElementChild.cloneNode(true);
    const files = new DataTransfer();
    files.items.add(file);
    const held = row.querySelector("[type=file]");
    held.name = input.name;
    held.files = files.files;
    row.querySelector("[data-name]").textContent = file.name;
    const asked = document.querySelector(`template[data-asks="${CSS.escape(input.name)}"]`);
    if (asked) row.querySelector("[data-asked]").append(asked.content.cloneNode(true));
    const before = pending.querySelector("li:last-of-type");
    for (const select of row.querySelectorAll("select")) {
      const earlier = before?.querySelector(`select[name="${CSS.escape(select.name)}"]`) ?? [...form.querySelectorAll(`#form-fields select[name="${CSS.escape(select.name)}"]`)].pop();
      if (earlier) select.value = earlier.value;
    }
    row.querySelector("button").addEventListener("click", () => {
      row.remove();
      pending.hidden = !pending.querySelector("li");
    });
    draw(row.querySelector("img"), file);
    pending.querySelector("ol").append(row);
    pending.hidden = false;
  };

  const hold = (input) => {
    for (const file of input.files) holdOne(input, file);
    input.value = "";
    pending.querySelector("li:last-of-type").scrollIntoView({ block: "nearest" });
  };
  const isUpload = (target) => target.type === "file" && target.form === form && !pending.contains(target) && target.files.length > 0;

  // --- sending ---------------------------------------------------------------------------------------------------------
  const collect = () => [...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && !(value instanceof File && !value.size));
  const seal = () => {
    form.inert = true;
    for (const button of document.querySelectorAll('[form="task-form"]')) button.disabled = true;
  };
  let isSending = false;

  const submit = async () => {
    const title = document.querySelector("h1").textContent;
    const isLeaving = navigator.onLine;
    try {
      await outbox.keep({ token: form.elements.token.value, action: form.action, page: location.pathname, title, fields: collect(), isLeaving });
    } catch {
      // no room on this device: it is sent as without this script
      HTMLFormElement.prototype.submit.call(form);
      return;
    }
    if (isLeaving) {
      HTMLFormElement.prototype.submit.call(form);
    } else {
      await outbox.show();
      document.getElementById("outbox").scrollIntoView({ block: "nearest" });
      isSending = false;
    }
  };

  if (form && globalThis.outbox) {
    document.addEventListener("change", (event) => {
      if (navigator.onLine || !isUpload(event.target)) return;
      event.stopPropagation();
      hold(event.target);
    }, true);
    document.addEventListener("htmx:error", ({ target }) => isUpload(target) && hold(target));
    // A file that is chosen with a connection takes those that waited along.
    document.addEventListener("htmx:after:swap", ({ detail }) => {
      if (detail.ctx?.sourceElement?.type !== "file") return;
      pending.querySelector("ol").replaceChildren();
      pending.hidden = true;
    });
    form.addEventListener("submit", (event) => {
      const { submitter } = event;
      if (submitter?.name || submitter?.hasAttribute("formaction")) return;
      event.preventDefault();
      if (isSending) return;
      isSending = true;
      document.dispatchEvent(new Event("leave"));
      submit();
    });
    window.addEventListener("pageshow", () => (isSending = false)); // somebody came back to it
    document.addEventListener("waiting", ({ detail }) => detail.some((one) => one.action === form.action) && seal());
    document.addEventListener("sent", ({ detail }) => {
      if (detail.token === form.elements.token.value) location.assign(detail.next);
    });
  }
}
