// What was filled in without a connection waits here, on this device, and is sent when the connection returns: with the
// key of its form, under which the server applies it once, however often it is sent. So does each form the browser sends
// itself, until a later page has heard that it arrived. Entries are the own ones of who is signed in, in his role; pages
// that another person saw are deleted.
"use strict";
{
  const AGAIN = 20_000;
  const host = document.getElementById("outbox");
  const person = host?.dataset.person;
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];

  const user = person?.split(":")[0] ?? "";
  if (localStorage.getItem("person") !== user) {
    globalThis.caches?.delete("pages");
    localStorage.setItem("person", user);
  }

  // --- the store -----------------------------------------------------------------------------------------------------
  const open = () => new Promise((resolve, reject) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("entries", { keyPath: "token" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const run = async (mode, act) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("entries", mode);
      const request = act(transaction.objectStore("entries"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    }).finally(() => database.close());
  };
  const keep = (entry) => run("readwrite", (entries) => entries.put({ at: Date.now(), ...entry, person }));
  const drop = (token) => run("readwrite", (entries) => entries.delete(token));
  const list = async () => (await run("readonly", (entries) => entries.getAll())).filter((one) => one.person === person);

  // --- sending -------------------------------------------------------------------------------------------------------
  // Gives where to go on, or null where the server does not take it as it is. Throws without an answer.
  const send = async (entry) => {
    const body = new FormData();
    for (const [name, value] of entry.fields) body.append(name, value);
    body.set("csrf_token", csrf());
    const answer = await fetch(entry.action, { method: "POST", headers: { Accept: "application/json" }, body });
    if (answer.status === 401 || answer.status >= 500) throw new Error(`Expected an answer, but got ${answer.status}`);
    if (!answer.ok) return null;
    const { next } = await answer.json();
    await drop(entry.token);
    return next;
  };

  // One window at a time, where the browser can see to that; without, the server applies an entry once all the same.
  const alone = (work) => (navigator.locks ? navigator.locks.request("outbox", { ifAvailable: true }, (lock) => lock && work()) : work());
  let isGone = false; // with the page, what it was asking for is given up

  const flush = () => alone(async () => {
    for (const entry of (await list()).filter((one) => !one.isRefused)) {
      try {
        const next = await send(entry);
        if (next === null) await keep({ ...entry, isLeaving: false, isRefused: true });
        else if (!entry.isLeaving) announce(entry, next);
      } catch {
        if (isGone) return;
        await keep({ ...entry, isLeaving: false }); // no connection yet
      }
    }
    await show();
  });

  // --- what the person sees ------------------------------------------------------------------------------------------
  const make = (tag, words = "", classes = "") => Object.assign(document.createElement(tag), { textContent: words, className: classes });
  const announce = ({ token }, next) => {
    host.hidden = false;
    host.replaceChildren(make("p", host.dataset.sent));
    document.dispatchEvent(new CustomEvent("sent", { detail: { token, next } }));
  };

  // The form as it was, sent by the browser itself: the server says what is wrong, with everything still filled in.
  const reopen = async (entry) => {
    const form = Object.assign(make("form"), { method: "post", action: entry.action, enctype: "multipart/form-data", hidden: true });
    for (const [name, value] of [...entry.fields.filter(([name]) => name !== "csrf_token"), ["csrf_token", csrf()]]) {
      if (!(value instanceof File)) {
        form.append(Object.assign(make("textarea"), { name, value })); // keeps line breaks
        continue;
      }
      const files = new DataTransfer();
      files.items.add(value);
      form.append(Object.assign(make("input"), { type: "file", name, files: files.files }));
    }
    document.body.append(form);
    await keep({ ...entry, isRefused: false, isLeaving: true });
    form.submit();
  };

  const line = (entry) => {
    const item = make("li", "", "bar");
    const at = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(entry.at);
    item.append(make("span", `${entry.title} · ${at}`, "grow"));
    const act = (words, work) => {
      const button = Object.assign(make("button", words, "btn btn-s"), { type: "button" });
      button.addEventListener("click", work);
      item.append(button);
    };
    if (entry.isRefused) act(host.dataset.open, () => reopen(entry));
    act(host.dataset.drop, async () => {
      if (!confirm(host.dataset.confirm)) return;
      await drop(entry.token);
      if (entry.page === location.pathname) location.reload();
      else show();
    });
    return item;
  };

  const show = async () => {
    const entries = (await list()).filter((one) => !one.isLeaving);
    if (!entries.length) return;
    document.dispatchEvent(new CustomEvent("waiting", { detail: entries }));
    host.hidden = false;
    const listed = make("ul", "", "stack-s");
    listed.append(...entries.map(line));
    host.replaceChildren(make("b", entries.some((one) => one.isRefused) ? host.dataset.refused : host.dataset.kept), listed);
  };

  if (person && globalThis.indexedDB) {
    globalThis.outbox = { keep, drop, show };
    window.addEventListener("pagehide", () => (isGone = true));
    window.addEventListener("pageshow", () => (isGone = false));
    window.addEventListener("online", flush);
    document.addEventListener("visibilitychange", () => document.hidden || flush());
    setInterval(() => host.hidden || flush(), AGAIN);
    const { answered } = host.dataset; // by this page, which says what is wrong
    (answered ? drop(answered) : Promise.resolve()).then(flush);
  }
}
