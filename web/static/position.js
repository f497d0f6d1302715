// Where a courier is, for as long as this page is open: each place the device finds is kept on it, under the time as its
// token, until the server says that it is written. So without a connection nothing is lost, and what is sent twice is
// counted once. `[data-positions]` is the address, and says how it stands.
"use strict";
{
  const host = document.querySelector("[data-positions]");
  const SEND_EVERY = 4_000;
  const MOST = 500; // in one message
  const KEPT = 20_000; // beyond it the oldest go: hours of driving
  const LEAST_TIME = 2_000;
  const MICRO = 1_000_000;
  const DENIED = 1;
  const person = host?.dataset.person;
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];

  // --- the store -----------------------------------------------------------------------------------------------------
  const open = () => new Promise((resolve, reject) => {
    const request = indexedDB.open("positions", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("positions", { keyPath: ["person", "token"] });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const run = async (mode, act) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction("positions", mode);
      const request = act(transaction.objectStore("positions"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    }).finally(() => database.close());
  };
  const own = (last = Infinity) => IDBKeyRange.bound([person, -Infinity], [person, last]);
  const keep = (entry) => run("readwrite", (all) => all.put(entry));
  const drop = (last) => run("readwrite", (all) => all.delete(own(last)));
  const list = () => run("readonly", (all) => all.getAll(own(), MOST));
  const count = () => run("readonly", (all) => all.count(own()));

  // --- what the courier sees -----------------------------------------------------------------------------------------
  const words = host?.querySelector("span");
  const say = (text, kind) => {
    if (words.textContent !== text) words.textContent = text;
    host.classList.toggle("is-on", kind === "on");
    host.classList.toggle("is-off", kind === "off");
  };

  // --- sending -------------------------------------------------------------------------------------------------------
  const alone = (work) => (navigator.locks ? navigator.locks.request("positions", { ifAvailable: true }, (lock) => lock && work()) : work());
  const send = () => alone(async () => {
    const waiting = await list();
    if (!waiting.length) return;
    const positions = waiting.map(({ token, lat, lng, accuracy }) => ({ token, lat, lng, accuracy }));
    try {
      const answer = await fetch(host.dataset.positions, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf() },
        body: JSON.stringify({ sent: Date.now(), positions }),
      });
      if (!answer.ok) throw new Error(`Expected positions to be taken, but got ${answer.status}`);
      const { written } = await answer.json();
      if (written !== null) await drop(written);
      say(host.dataset.on, "on");
    } catch {
      say(host.dataset.waiting.replace("{count}", await count()), "off");
    }
  });

  // --- the device ----------------------------------------------------------------------------------------------------
  // Of places that come faster than LEAST_TIME only the newest is kept, when that time is over.
  let last = 0;
  let held = null;
  const take = (found) => {
    if (!held) setTimeout(settle, Math.max(0, last + LEAST_TIME - Date.now()));
    held = found;
  };
  const settle = async () => {
    const { coords, timestamp } = held;
    held = null;
    const token = Math.max(Math.round(timestamp), last + 1);
    last = token;
    const [lat, lng] = [coords.latitude, coords.longitude].map((degrees) => Math.round(degrees * MICRO));
    document.dispatchEvent(new CustomEvent("position", { detail: [coords.latitude, coords.longitude] })); // for his map
    await keep({ person, token, lat, lng, accuracy: Math.round(coords.accuracy) });
    if ((await count()) > KEPT) await drop((await list())[0].token);
    send();
  };

  if (host && globalThis.indexedDB && navigator.geolocation) {
    const fail = ({ code }) => say(code === DENIED ? host.dataset.denied : host.dataset.lost, "off");
    navigator.geolocation.watchPosition(take, fail, { enableHighAccuracy: true, maximumAge: 2_000, timeout: 30_000 });
    setInterval(send, SEND_EVERY);
    window.addEventListener("online", send);
    document.addEventListener("visibilitychange", () => document.hidden || send());
    send();
  }
}
