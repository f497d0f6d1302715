// The inbox by keyboard, the count of what is picked, and what is new since the page was opened.
"use strict";
{
  const list = () => document.getElementById("list");
  const rows = () => [...document.querySelectorAll("#list .row")];
  const current = () => document.querySelector("#list .row.cur");
  const picks = () => [...document.querySelectorAll("#list .pick:checked")];

  const count = () => {
    const words = document.querySelector("[data-count]");
    if (words) words.textContent = words.dataset.count.replace("#", picks().length);
  };

  const point = (row) => {
    current()?.classList.remove("cur");
    row?.classList.add("cur");
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector(".t").focus({ preventScroll: true });
  };

  const move = (step) => {
    const all = rows();
    const here = all.indexOf(current());
    point(all[here < 0 ? 0 : Math.min(Math.max(here + step, 0), all.length - 1)]);
  };

  const pick = () => {
    const box = current()?.querySelector(".pick");
    if (!box) return;
    box.checked = !box.checked;
    count();
  };

  // What is picked, else the task at the cursor.
  const claim = () => {
    const button = picks().length ? document.querySelector(".bulk [data-key=c]") : current()?.querySelector(".go button");
    button?.click();
  };

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    x: pick,
    c: claim,
    n: () => document.querySelector("[data-key=n]")?.click(),
    "/": () => document.querySelector("[type=search]").focus(),
    "?": () => document.getElementById("keys").togglePopover(),
  };

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("textarea, select, details[open], input:not([type=checkbox])");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || (event.key.startsWith("Arrow") && !current())) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("change", (event) => event.target.matches(".pick") && count());
  document.addEventListener("reset", () => setTimeout(count));

  // The list was fetched again: picks, cursor and focus stay with their tasks, and what has just come is marked.
  document.addEventListener("part", ({ detail: { old, fresh } }) => {
    if (fresh.id !== "list") return;
    const [picked, at] = [picks().map((box) => box.value), current()?.dataset.task];
    const hasFocus = old.contains(document.activeElement);
    const known = new Set(rows().map((row) => row.dataset.task));
    const unread = new Set([...old.querySelectorAll(".row.new")].map((row) => row.dataset.task));
    let isChanged = false;
    for (const row of fresh.querySelectorAll(".row")) {
      const id = row.dataset.task;
      const isNew = !known.has(id);
      isChanged ||= isNew;
      row.classList.toggle("new", isNew || unread.has(id));
      const box = row.querySelector(".pick");
      if (box) box.checked = picked.includes(box.value);
      row.classList.toggle("cur", id === at);
    }
    setTimeout(() => {
      count();
      if (hasFocus) current()?.querySelector(".t").focus({ preventScroll: true });
      const words = document.querySelector(".news");
      if (words && isChanged) words.textContent = list().dataset.changed;
    });
  });
}
