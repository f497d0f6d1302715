// Comfort only: every page can be read and every form sent without this file.
"use strict";

// Tells the server the reader's time zone, so that the next page shows times in it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && zone !== document.documentElement.dataset.zone) {
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

const openMenus = () => document.querySelectorAll("details.menu[open]");

// The bell counts on while its page is open: with each part that is replaced, and once a minute.
const BELL_MILLISECONDS = 60_000;
const ring = async () => {
  const bell = document.getElementById("bell");
  if (!bell || document.hidden) return;
  try {
    const answer = await fetch(bell.dataset.source, { headers: { "HX-Request": "true" }, cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("bell");
    if (bell.hasAttribute("aria-current")) fresh?.setAttribute("aria-current", bell.getAttribute("aria-current"));
    if (fresh && fresh.outerHTML !== bell.outerHTML) bell.replaceWith(fresh);
  } catch {
    // no connection: the next time
  }
};
document.addEventListener("fresh", ring);
setInterval(ring, BELL_MILLISECONDS);

// Parts of a form are asked for one after the other (hx-sync): each time with what the form holds by then, so that a photo
// that was still on its way when the next answer was given is among it.
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  const { form, body } = ctx.request;
  if (!form?.querySelector("#form-fields")) return;
  const pressed = ctx.sourceElement;
  const held = new FormData(form);
  if (pressed.type === "submit" && pressed.name) held.append(pressed.name, pressed.value);
  for (const [name, value] of Object.entries(ctx.vals ?? {})) held.set(name, value);
  ctx.request.body = body instanceof FormData ? held : new URLSearchParams([...held].filter(([, value]) => !(value instanceof File)));
});

// What was entered in such a form before its scripts came asks for what follows from it like all that is entered later.
// htmx looks at the page either before or after this is done first.
const isChoice = (control) => control.type === "radio" || control.type === "checkbox";
const isAsServed = (control) => {
  if (isChoice(control)) return control.checked === control.defaultChecked;
  if (!control.options) return control.value === control.defaultValue;
  const served = [...control.options].find((one) => one.defaultSelected) ?? control.options[0];
  return control.value === served?.value;
};
const findEntered = () => [...document.querySelectorAll("#form-fields :is(input, select, textarea)")].filter((one) => !isAsServed(one));
const hearEntered = () => {
  for (const control of findEntered()) control.dispatchEvent(new Event("change", { bubbles: true }));
};
document.addEventListener("htmx:after:process", ({ target }) => target === document.body && hearEntered());
hearEntered();

// Menus close on Escape (focus goes back to their button) and on a click outside.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

// A menu opened by keyboard hands the focus to its first entry.
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details.menu") || !menu.open) return;
  if (menu.querySelector("summary").matches(":focus-visible")) menu.querySelector(".pop :is(a, button)")?.focus();
}, true);

// Documents have a button to print them, where there is a script to do it.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
