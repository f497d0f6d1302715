// The map: pins, the way and the courier of an order, and the field in which a place is set. It needs no network: its
// base is the outline of the world and a schematic city, or the city file the operator has added (see docs/maps.md).
// `[data-map]` holds the map; the element named by `data-of` says what is on it, in `data-places`, and may be replaced.
import L from "leaflet";
import "./map/leaflet.css";
import { drawBase } from "./map/base.js";
import { showPlaces } from "./map/places.js";
import { preparePicker } from "./map/picker.js";
import { prepareShare } from "./map/share.js";

const HOME = { center: [30.268, 120.158], zoom: 12 };
const STREETS = { 11: 2, 12: 3.5, 13: 5.5, 14: 8, 15: 12, 16: 17, 17: 24, 18: 34 };

const STEP = { show: 80, set: 20 }; // pixels that an arrow key moves

const makeMap = (host) => {
  host.hidden = false;
  const words = host.dataset;
  const keyboardPanDelta = words.of ? STEP.show : STEP.set;
  const bare = { zoomControl: false, attributionControl: false };
  const map = L.map(host, { ...HOME, ...bare, minZoom: 3, maxZoom: 18, zoomSnap: 0.5, keyboardPanDelta });
  L.control.zoom({ position: "topright", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  const scale = () => {
    const zoom = Math.min(18, Math.max(11, Math.round(map.getZoom())));
    host.style.setProperty("--street", `${STREETS[zoom]}px`);
    host.classList.toggle("is-far", map.getZoom() < 10);
  };
  map.on("zoomend", scale);
  scale();
  drawBase(map, words);
  new ResizeObserver(() => map.invalidateSize()).observe(host);
  return map;
};

const prepare = () => {
  document.querySelectorAll("[data-share][hidden]").forEach(prepareShare);
  for (const host of document.querySelectorAll("[data-map]:not(.leaflet-container)")) {
    const map = makeMap(host);
    if (host.dataset.of) showPlaces(map, host);
    else preparePicker(map, host);
  }
};

prepare();
new MutationObserver(prepare).observe(document.body, { childList: true, subtree: true });
