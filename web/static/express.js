// The import of a list tells how far it is; without scripts the browser waits for the answer, as for any form.
"use strict";
{
  const EVERY = 700;
  const form = document.querySelector("form[data-import]");
  const shown = form?.querySelector("[data-progress]");
  const words = shown?.querySelector("[data-words]");
  const bar = shown?.querySelector("progress");

  // A file of plain text tells how many lines it has, a workbook does not.
  const count = async (file) => {
    if (!file.name.toLowerCase().endsWith(".csv")) return;
    const lines = (await file.text()).split(/\r?\n/).filter((line) => line.replaceAll(",", "").trim()).length - 1;
    if (lines > 0) bar.max = lines;
  };

  const look = async () => {
    const answer = await fetch(form.dataset.import, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { lines } = await answer.json();
    if (!lines) return;
    if (bar.hasAttribute("max")) bar.value = Math.min(lines, bar.max);
    words.textContent = words.dataset.words.replace("#", lines.toLocaleString(document.documentElement.lang));
  };

  form?.addEventListener("submit", () => {
    shown.hidden = false;
    form.querySelector("button").setAttribute("aria-disabled", "true");
    count(form.elements.list.files[0]);
    setInterval(() => look().catch(() => {}), EVERY);
  });
}
