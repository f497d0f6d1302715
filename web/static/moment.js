// The time slider of a case. Each record is a page of its own (`?at=37`); instead of going there, this fetches it and
// takes over the parts that belong to the moment (`data-moment`) and the marks of the diagram.
"use strict";

const scrub = document.querySelector("#scrub");
const slider = scrub.elements.at;
const player = scrub.querySelector("[data-play]");
const PLAY_MILLISECONDS = 900;
let wanted = null;
let isBusy = false;
let playing = null;

function addressOf(record) {
  const address = new URL(location.href);
  address.searchParams.set("at", record);
  address.searchParams.delete("before");
  address.hash = "";
  return address;
}

// On a phone the strip of sides is wider than the page.
function showSide() {
  const strip = document.querySelector(".tabs");
  const [outer, inner] = [strip, strip.querySelector("[aria-current]")].map((one) => one.getBoundingClientRect());
  strip.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

function take(page) {
  for (const fresh of page.querySelectorAll("[data-moment]")) {
    document.getElementById(fresh.id)?.replaceWith(document.adoptNode(fresh));
  }
  for (const fresh of page.querySelectorAll("[data-move]")) {
    const move = scrub.querySelector(`[data-move="${fresh.dataset.move}"]`);
    for (const name of ["href", "role", "aria-disabled"]) {
      if (fresh.hasAttribute(name)) move.setAttribute(name, fresh.getAttribute(name));
      else move.removeAttribute(name);
    }
  }
  slider.setAttribute("aria-valuetext", page.querySelector("#scrub [name=at]").getAttribute("aria-valuetext"));
  showSide();
  const [canvas, drawn] = [document, page].map((one) => one.querySelector("[data-diagram]"));
  canvas.setAttribute("aria-label", drawn.getAttribute("aria-label"));
  Object.assign(canvas.dataset, drawn.dataset);
  canvas.dispatchEvent(new Event("marked"));
}

// One request at a time; what the slider passed in the meantime is left out.
async function show(record) {
  wanted = record;
  if (isBusy) return;
  isBusy = true;
  try {
    while (wanted !== null) {
      const address = addressOf(wanted);
      wanted = null;
      const answer = await fetch(address);
      if (!answer.ok || answer.redirected) return location.assign(address);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      take(page);
      history.replaceState(null, "", address);
    }
  } finally {
    isBusy = false;
  }
}

function move(record) {
  slider.value = record;
  return show(slider.value);
}

async function play() {
  await move(slider.value === slider.max ? slider.min : Number(slider.value) + 1);
  if (slider.value === slider.max) stop();
  if (playing !== null) playing = setTimeout(play, PLAY_MILLISECONDS);
}

function stop() {
  clearTimeout(playing);
  playing = null;
  player.setAttribute("aria-pressed", "false");
}

slider.addEventListener("input", () => { stop(); show(slider.value); });
scrub.addEventListener("submit", (event) => { event.preventDefault(); });
scrub.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-move]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  stop();
  const steps = { first: slider.min, previous: Number(slider.value) - 1, next: Number(slider.value) + 1, last: slider.max };
  move(steps[link.dataset.move]);
});
player.addEventListener("click", () => {
  if (playing !== null) return stop();
  player.setAttribute("aria-pressed", "true");
  playing = setTimeout(play);
});
player.hidden = false;
showSide();
