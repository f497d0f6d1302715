// Playing tokens through the diagram. The package has no way to translate its few texts: they are replaced where they
// appear. Its log and its messages are left out; the canvas shows the same.
import Simulation from "bpmn-js-token-simulation/lib/modeler";
import { translate } from "./i18n.js";

function Silent() {
  this.log = this.toggle = this.showNotification = () => {};
}

function TranslatedSimulation(eventBus, canvas) {
  eventBus.on("diagram.init", () => {
    const watch = new MutationObserver(() => repair(canvas.getContainer()));
    watch.observe(canvas.getContainer(), { childList: true, subtree: true });
    repair(canvas.getContainer());
  });
}

TranslatedSimulation.$inject = ["eventBus", "canvas"];

function repair(container) {
  const toggle = container.querySelector(".bts-toggle-mode")?.firstChild;
  if (toggle?.nodeValue?.trim() === "Token Simulation") toggle.nodeValue = `${translate("Play through")} `;
  for (const part of container.querySelectorAll("[class^=bts-][title]:not([data-words])")) {
    const [words, fact] = part.title.replace(/ instance .*/, "").split(" = ");
    part.title = translate(words) + (fact ? ` ${translate(fact)}` : "");
    part.dataset.words = "";
  }
}

export default {
  __depends__: [Simulation],
  __init__: ["translatedSimulation"],
  translatedSimulation: ["type", TranslatedSimulation],
  log: ["type", Silent],
  notifications: ["type", Silent],
  neutralElementColors: ["type", Silent], // would draw everything black, on a dark page too
};
