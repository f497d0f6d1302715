// Keeps parts of a page fresh while it is open: `data-live` is the address of a stream that says when to ask again,
// `data-parts` names the elements (by id) that are then taken from the page's own address. Without a stream it asks
// every POLL milliseconds; an answer 304 costs the server next to nothing. A part that was replaced is announced by
// the event `part` on the document: {old, fresh}, before the old one goes. A part with `data-keep-ticked` stays while
// something in it is ticked. With `data-catch-up` it asks as soon as it listens, for what happened since the page was
// made.
"use strict";
{
  const POLL = 20_000;
  const SLOW = 60_000; // with a stream: for the times that are told in minutes, and for notes that were lost
  const STILL_CLOSED = 2;
  const host = document.querySelector("[data-live]");
  const label = document.querySelector(".live");
  let tag = document.querySelector("[data-tag]")?.dataset.tag;
  let stream = null;
  let timer = null;
  let question = null; // aborts the answer that is awaited
  let isAsking = false;
  let mustAskAgain = false;

  const say = (words) => {
    if (label && label.textContent !== words) label.textContent = words;
    label?.classList.toggle("is-on", words === label.dataset.on);
  };

  const MARKS = ["id", "name", "value", "href", "textContent"];
  const isSame = (one, other) => MARKS.every((name) => one[name] === other[name]);

  // Only what differs is touched, so that nobody loses the place he is at for nothing.
  const replace = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    for (const id of host.dataset.parts.split(" ")) {
      const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (!old || !fresh || ("keepTicked" in old.dataset && old.querySelector("input:checked"))) continue;
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      document.dispatchEvent(new CustomEvent("part", { detail: { old, fresh } }));
      old.replaceWith(fresh);
      const again = focused && [...fresh.querySelectorAll(focused.tagName)].find((one) => isSame(one, focused));
      again?.focus({ preventScroll: true });
    }
  };

  const ask = async () => {
    if (isAsking) {
      mustAskAgain = true;
      return;
    }
    isAsking = true;
    try {
      const headers = { "HX-Request": "true", ...(tag && { "If-None-Match": `W/"${tag}"` }) };
      question = new AbortController();
      const answer = await fetch(location.href, { headers, cache: "no-store", signal: question.signal });
      if (answer.status === 404) {
        document.querySelector(".task-gone")?.removeAttribute("hidden");
        leave();
      } else if (answer.ok && !answer.redirected) {
        replace(await answer.text());
        tag = document.querySelector("[data-tag]")?.dataset.tag;
      }
      document.dispatchEvent(new Event("fresh"));
    } catch {
      // no connection, or no longer of interest
    }
    isAsking = false;
    if (mustAskAgain) {
      mustAskAgain = false;
      ask();
    }
  };

  const wait = (milliseconds) => {
    clearInterval(timer);
    timer = setInterval(ask, milliseconds);
  };

  const enter = () => {
    wait(POLL);
    stream = new EventSource(host.dataset.live);
    stream.onopen = () => {
      say(label?.dataset.on);
      wait(SLOW);
      if ("catchUp" in host.dataset) ask();
    };
    stream.onmessage = ask;
    stream.onerror = () => {
      if (stream?.readyState === STILL_CLOSED) say(label?.dataset.off);
      wait(POLL);
    };
  };

  const leave = () => {
    stream?.close();
    stream = null;
    question?.abort();
    clearInterval(timer);
  };

  // A page nobody looks at holds no connection: browsers allow six of them for a whole site.
  if (host) {
    document.addEventListener("visibilitychange", () => {
      leave();
      if (document.hidden) return;
      enter();
      ask();
    });
    window.addEventListener("pagehide", leave);
    // A form that is sent leads to another page: what it changes is no news here.
    window.addEventListener("submit", (event) => event.defaultPrevented || leave());
    document.addEventListener("leave", leave); // a form that a script sends
    document.addEventListener("ask", ask);
    if (!document.hidden) enter();
  }
}
