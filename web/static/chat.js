// The chat room of an order while it is open: what is said comes in at once, what one says is sent once and waits in the
// outbox without a connection. The stream only says that something is new; what, is asked for behind the last message.
"use strict";
{
  const POLL = 20_000;
  const EDGE = 1600;
  const host = document.getElementById("chat");
  const log = host?.querySelector(".msgs");
  const end = document.getElementById("chat-end");
  const form = host?.querySelector("[data-say]");
  const state = form?.querySelector("[data-state]");
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers:inherited"))["X-CSRF-Token"];
  const say = (words) => state && (state.textContent = words);
  let last = Number(host?.dataset.last);
  let own = Number(host?.dataset.own);
  let isSeen = false; // the end of the room is on the screen

  // Keys grow with time, so that the outbox sends in the order in which things were said.
  const makeToken = () => {
    const random = crypto.getRandomValues(new Uint8Array(10));
    return Date.now().toString(16).padStart(12, "0") + [...random].map((one) => one.toString(16).padStart(2, "0")).join("");
  };

  const post = (action, fields) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.set("csrf_token", csrf());
    return fetch(action, { method: "POST", headers: { Accept: "application/json" }, body });
  };

  // --- what is said ----------------------------------------------------------------------------------------------------
  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const goToEnd = () => (log.scrollTop = log.scrollHeight);

  const countUnread = () => {
    const count = [...log.querySelectorAll(".msg[data-seq]:not(.me)")].filter((one) => Number(one.dataset.seq) > own).length;
    for (const one of document.querySelectorAll("[data-chat-unread]")) {
      one.textContent = count;
      one.hidden = !count;
    }
  };

  const markRead = () => {
    if (!isSeen || document.hidden || !host.dataset.read || last <= own) return countUnread();
    own = last;
    countUnread();
    post(host.dataset.read, { seq: last }).catch(() => {});
  };

  const take = (part) => {
    const wasAtEnd = isAtEnd();
    const next = log.querySelector(".waiting") ?? end;
    for (const one of [...part.children]) {
      if (one.dataset.seq) last = Number(one.dataset.seq);
      log.insertBefore(one, next);
      globalThis.voice?.enhance(one);
    }
    const mine = [...log.querySelectorAll(".msg.me[data-seq]")].at(-1);
    const seen = host.querySelector("[data-seen]");
    seen.textContent = mine && Number(mine.dataset.seq) <= Number(part.dataset.read) ? seen.dataset.seen : "";
    if (wasAtEnd) goToEnd();
    markRead();
  };

  // The head tells of the phone; without somebody to read it, and after the end, there is nothing to write with. Both
  // come from the page itself.
  const redraw = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("chat");
    if (!answer.ok || !fresh) return;
    host.querySelector(".chat-head").replaceWith(fresh.querySelector(".chat-head"));
    const [isWritten, wasWritten] = [fresh, host].map((one) => one.querySelector("[data-say]") !== null);
    if (isWritten !== wasWritten) location.reload();
    else if (!isWritten) host.lastElementChild.replaceWith(fresh.lastElementChild);
  };

  let drawn = host?.dataset.drawn; // the state of phone and room in the head
  let asking = Promise.resolve();
  const update = () => (asking = asking.then(async () => {
    const answer = await fetch(`${host.dataset.chat}?after=${last}`, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-drawn]");
    const isNews = part.dataset.drawn !== drawn;
    drawn = part.dataset.drawn;
    take(part);
    if (isNews) await redraw();
  }).catch(() => {}));

  let stream = null;
  let timer = null;
  const leave = () => {
    stream?.close();
    clearInterval(timer);
  };
  const enter = () => {
    stream = new EventSource(host.dataset.liveChat); // comes back by itself, with the id of the last note
    stream.onmessage = update;
    timer = setInterval(update, POLL);
    update();
  };

  // --- what one says ---------------------------------------------------------------------------------------------------
  const show = (token, words) => {
    const bubble = Object.assign(document.createElement("div"), { className: "msg me waiting", textContent: words });
    bubble.dataset.token = token;
    log.insertBefore(bubble, end);
    goToEnd();
    return bubble;
  };
  const arrived = (token) => {
    update().then(() => log.querySelector(`[data-token="${token}"]`)?.remove());
  };

  const keep = async (token, fields) => {
    const entry = { token, action: form.action, page: location.pathname, title: form.dataset.title, isLeaving: false };
    await outbox.keep({ ...entry, fields: Object.entries(fields) });
    say(form.dataset.waiting);
    await outbox.show();
  };

  let sending = Promise.resolve();
  const send = (fields, words) => {
    const token = makeToken();
    const bubble = show(token, words);
    say(form.dataset.sending);
    sending = sending.then(async () => {
      const whole = { ...fields, token };
      let answer;
      try {
        answer = await post(form.action, whole);
        if (answer.status >= 500) throw new Error(String(answer.status));
      } catch {
        await keep(token, whole).catch(() => refuse(bubble, fields, form.dataset.refused));
        return;
      }
      const said = await answer.json();
      if (!answer.ok) {
        refuse(bubble, fields, said.error?.what ?? form.dataset.refused);
        return;
      }
      say("");
      arrived(token);
    });
    return sending;
  };
  const refuse = (bubble, fields, words) => {
    bubble.remove();
    say(words);
    if (fields.text && !form.elements.text.value) form.elements.text.value = fields.text;
  };

  // Smaller, and without what the camera wrote into it; what the browser cannot draw goes as it is.
  const shrink = async (file) => {
    try {
      const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
      const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width * scale, height: bitmap.height * scale });
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.82));
    } catch {
      return file;
    }
  };

  const call = async (button) => {
    const target = button.form;
    const answer = await post(target.action, { token: makeToken() });
    if (!answer.ok) return update();
    const { number, is_simulated: isSimulated } = await answer.json();
    const shown = host.querySelector("[data-dialled]");
    Object.assign(shown.querySelector("[data-number]"), { textContent: number, href: `tel:${number}` });
    shown.hidden = false;
    shown.querySelector("a").focus();
    if (!isSimulated) location.assign(`tel:${number}`);
    return update();
  };

  if (host) {
    host.classList.add("is-live");
    globalThis.voice?.enhance(log);
    goToEnd();
    new IntersectionObserver((entries) => {
      isSeen = entries.at(-1).isIntersecting;
      markRead();
    }).observe(end);
    document.addEventListener("visibilitychange", () => {
      leave();
      if (!document.hidden) enter();
    });
    window.addEventListener("pagehide", leave);
    host.addEventListener("submit", (event) => {
      if (event.target.matches("[data-call]")) {
        event.preventDefault();
        call(event.submitter ?? event.target.querySelector("button")).catch(() => HTMLFormElement.prototype.submit.call(event.target));
      }
    });
    document.addEventListener("sent", ({ detail }) => arrived(detail.token));
    if (!document.hidden) enter();
  }
  if (form) {
    form.querySelector("[data-plain]").remove();
    const camera = form.querySelector("[data-camera]");
    camera.hidden = false;
    camera.querySelector("input").addEventListener("change", async ({ target }) => {
      const [file] = target.files;
      target.value = "";
      if (file) send({ file: new File([await shrink(file)], "picture.jpg") }, file.name);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = form.elements.text.value.trim();
      form.elements.text.value = "";
      form.querySelector("#chat-refused")?.remove();
      if (text) send({ text }, text);
      form.elements.text.focus();
    });
    globalThis.voice?.offer(form, (blob, seconds, bars) => {
      send({ file: new File([blob], "voice"), seconds, bars: bars.join(",") }, `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
    }, say);
  }
}
