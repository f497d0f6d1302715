// What dmn-js says, in Chinese. In English it says what it says by itself.
import { language } from "../studio/texts.js";
import { CHINESE } from "./chinese.js";

export function translate(template, replacements = {}) {
  const words = language === "zh" ? CHINESE[template] ?? template : template;
  return words.replace(/\{\s*(\w+)\s*\}/g, (whole, name) => replacements[name] ?? whole);
}

// A few words dmn-js writes without asking for them, a heading it leaves empty, and one it ranks too low: put right as
// soon as they are drawn.
export function translateDrawn(place, numberWords) {
  const pass = () => {
    for (const name of ["title", "aria-label"]) {
      for (const one of place.querySelectorAll(`[${name}]`)) {
        const words = translate(one.getAttribute(name));
        if (words !== one.getAttribute(name)) one.setAttribute(name, words);
      }
    }
    for (const name of place.querySelectorAll("h3.decision-name")) name.setAttribute("aria-level", "2");
    for (const head of place.querySelectorAll("th.index-column:empty")) head.append(hidden(numberWords));
  };
  new MutationObserver(pass).observe(place, { childList: true, subtree: true });
  pass();
}

function hidden(words) {
  return Object.assign(document.createElement("span"), { className: "vh", textContent: words });
}
