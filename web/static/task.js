// A task's page: the form is saved as a draft a second after the last key, comments are sent without leaving the page,
// and the records of the case become tabs.
"use strict";
{
  const PAUSE = 1000;
  const RETRY = 5000;
  const form = document.getElementById("task-form");
  const state = document.querySelector(".draft-state");
  const stale = document.getElementById("stale");
  const revision = form?.elements._draft;
  const storage = form?.dataset.keep && `draft:${form.dataset.keep}`; // only for forms without personal fields
  const json = { Accept: "application/json" };
  let timer = null;
  let isSaving = false;
  let isDirty = false;
  let isLeaving = false;
  let saving = null; // aborts the save under way

  const say = (words, isGood = false) => {
    state.textContent = words;
    state.classList.toggle("is-saved", isGood);
  };
  const fail = () => say(storage ? state.dataset.kept : state.dataset.failed);

  // --- the draft -----------------------------------------------------------------------------------------------------
  const PROTOCOL = new Set(["csrf_token", "token", "_draft", "next"]);
  const typed = () => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !PROTOCOL.has(name));

  const keepHere = () => {
    if (!storage) return;
    localStorage.setItem(storage, JSON.stringify({ revision: revision.value, typed: typed() }));
  };

  // Chosen files are sent by the form itself, which shows them as its own afterwards: a draft names them by their ids.
  const pack = () => {
    const fields = new FormData(form);
    for (const input of form.querySelectorAll("[type=file]")) fields.delete(input.name);
    return fields;
  };

  const save = async () => {
    clearTimeout(timer);
    if (isSaving || isLeaving || !isDirty) return;
    [isSaving, isDirty] = [true, false];
    say(state.dataset.saving);
    try {
      saving = new AbortController();
      const options = { method: "POST", headers: json, body: pack(), signal: saving.signal };
      const answer = await fetch(form.dataset.draft, options);
      if (answer.status === 409 && answer.headers.get("Content-Type")?.includes("json")) {
        const { revision: newest } = await answer.json();
        if (newest === undefined) document.dispatchEvent(new Event("ask"));
        else showStale(newest);
      } else if (answer.ok) {
        const { revision: saved, saved: words } = await answer.json();
        revision.value = saved;
        if (storage) localStorage.removeItem(storage);
        say(words, true);
      } else if (answer.status === 404) {
        document.dispatchEvent(new Event("ask"));
      } else {
        retry();
      }
    } catch {
      retry();
    }
    isSaving = false;
    if (isDirty) timer = setTimeout(save, PAUSE);
  };

  const retry = () => {
    if (isLeaving) return;
    isDirty = true;
    keepHere();
    fail();
    timer = setTimeout(save, RETRY);
  };

  const showStale = (newest) => {
    stale.hidden = false;
    stale.setAttribute("role", "alert");
    stale.dataset.newest = newest;
    say(stale.querySelector("b").textContent);
  };

  const plan = () => {
    isDirty = true;
    clearTimeout(timer);
    timer = setTimeout(save, PAUSE);
  };

  const change = () => {
    if (!stale.hidden) return; // first the person decides which version counts
    say("");
    plan();
  };

  // Where inputs share a name, as those of photos do, the texts come in their order.
  const fill = ([name, value], place, all) => {
    const turn = all.slice(0, place).filter(([other]) => other === name).length;
    const controls = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    for (const [number, control] of controls.entries()) {
      if (isChoice(control)) control.checked ||= control.value === value;
      else if (control.type !== "file" && number === turn && isAsServed(control)) control.value = value;
    }
  };

  // What was typed while there was no connection, if no newer draft was saved meanwhile. What was chosen before this
  // script came stays, and a page that answers the form shows all that was sent.
  const restore = () => {
    const kept = storage && JSON.parse(localStorage.getItem(storage) ?? "null");
    if (!kept) return;
    localStorage.removeItem(storage);
    if (kept.revision !== revision.value || document.getElementById("outbox").dataset.answered) return;
    kept.typed.forEach(fill);
    hearEntered();
    say(state.dataset.restored);
  };

  // What was entered before this script came is saved like all that follows, and so is what the server sent back as it
  // was filled in.
  const catchUp = () => {
    const isNew = findEntered().length || "submitted" in form.querySelector("#form-fields").dataset;
    if (isNew && stale.hidden) plan();
  };

  if (form?.dataset.draft) {
    form.addEventListener("input", change);
    document.addEventListener("htmx:after:swap", change);
    window.addEventListener("online", save);
    window.addEventListener("pagehide", () => {
      if (!isDirty || isLeaving) return;
      if (!navigator.onLine) keepHere();
      else fetch(form.dataset.draft, { method: "POST", headers: json, body: pack(), keepalive: true }).catch(() => {});
    });
    form.addEventListener("submit", () => {
      isLeaving = true;
      clearTimeout(timer);
      saving?.abort();
      if (!navigator.onLine) keepHere();
      else if (storage) localStorage.removeItem(storage);
    });
    stale.querySelector("[data-mine]").addEventListener("click", (event) => {
      if (!stale.dataset.newest) return;
      event.preventDefault();
      revision.value = stale.dataset.newest;
      stale.hidden = true;
      isDirty = true;
      save();
    });
    restore();
    catchUp();
  }

  // --- comments ------------------------------------------------------------------------------------------------------
  const newToken = () => [...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("");

  document.addEventListener("submit", async (event) => {
    const sent = event.target;
    if (sent.id !== "comment-form") return;
    event.preventDefault();
    const button = sent.querySelector("button");
    button.disabled = true;
    let words = sent.dataset.failed;
    try {
      const answer = await fetch(sent.action, { method: "POST", headers: json, body: new FormData(sent) });
      if (answer.ok) {
        words = sent.dataset.sent;
        const open = document.getElementById("comment-form"); // another by now, if the records were fetched meanwhile
        open.reset();
        open.elements.token.value = newToken();
        document.dispatchEvent(new Event("ask"));
      }
    } catch {
      // said below
    }
    button.disabled = false;
    say(words);
  });

  // --- tabs ----------------------------------------------------------------------------------------------------------
  let shown = location.hash === "#comments" ? "comments" : "history";
  const show = (side) => {
    side.classList.add("tabbed");
    const bar = side.querySelector(".seg");
    bar.hidden = false;
    for (const button of bar.children) {
      const isShown = button.dataset.shows === shown;
      button.setAttribute("aria-pressed", isShown);
      side.querySelector(`#${button.dataset.shows}`).hidden = !isShown;
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-shows]");
    if (!button) return;
    shown = button.dataset.shows;
    show(button.closest("#side"));
  });
  // Records were fetched again: the open tab and a comment being written stay.
  document.addEventListener("part", ({ detail: { old, fresh } }) => {
    if (fresh.id !== "side") return;
    show(fresh);
    const [before, after] = [old, fresh].map((side) => side.querySelector("#comment-text"));
    const hasFocus = document.activeElement === before;
    after.value = before.value;
    if (before.value) fresh.querySelector("[name=token]").value = old.querySelector("[name=token]").value;
    if (hasFocus) setTimeout(() => after.focus());
  });
  const side = document.getElementById("side");
  if (side) show(side);
}
