// What an order has on the map: where it is fetched and brought, the way, and where the courier is. Everything is read
// again when the page has taken over fresh parts; the map moves along only as long as nobody has moved it himself.
import L from "leaflet";

const PIN = '<svg viewBox="0 0 28 36" aria-hidden="true"><path class="pin" d="M14 35C5 24 1 19 1 13.500a13 13 0 1 1 26 0c0 5.500-4 10.500-13 21.500z"/><circle class="hole" cx="14" cy="13.500" r="5"/></svg>';
const RING = '<svg viewBox="0 0 24 24" aria-hidden="true"><circle class="ring" cx="12" cy="12" r="9"/></svg>';
const courier = (bearing) =>
  `<svg viewBox="0 0 48 48" aria-hidden="true"><circle class="halo" cx="24" cy="24" r="24"/><circle class="disc" cx="24" cy="24" r="14"/>${
    bearing === null ? '<circle class="tip" cx="24" cy="24" r="4"/>' : `<path class="tip" transform="rotate(${Number(bearing)} 24 24)" d="M18.500 28.500 24 17l5.500 11.500L24 25.700z"/>`
  }</svg>`;

const mark = (place, html, size, anchor, kind) =>
  L.marker(place, { icon: L.divIcon({ html, className: `map-mark map-${kind}`, iconSize: size, iconAnchor: anchor }), interactive: false, keyboard: false });

const draw = (layer, { pickup, dropoff, here, bearing, passed, line, isCoarse }) => {
  const way = (points, kind) => points.length > 1 && L.polyline(points, { className: `map-${kind}`, interactive: false }).addTo(layer);
  way(passed, "passed");
  way(line, "case");
  way(line, "way");
  if (isCoarse) {
    for (const place of [pickup, dropoff]) if (place) L.circle(place, { radius: 200, className: "map-coarse", interactive: false }).addTo(layer);
  }
  if (pickup) mark(pickup, RING, [24, 24], [12, 12], "pickup").addTo(layer);
  if (dropoff) mark(dropoff, PIN, [28, 36], [14, 35], "dropoff").addTo(layer);
  if (here) mark(here, courier(bearing), [48, 48], [24, 24], "courier").addTo(layer);
};

export const showPlaces = (map, host) => {
  const layer = L.layerGroup().addTo(map);
  let shown = null;
  let isMoved = false; // by who looks at it
  let isOurs = false;
  map.on("movestart", () => (isMoved ||= !isOurs));

  let own = null; // on a courier's page: where his device is, newer than what the server says
  const look = () => {
    const text = document.getElementById(host.dataset.of)?.dataset.places;
    if (!text || text === shown) return;
    shown = text;
    const places = JSON.parse(text);
    if (own && places.here) places.here = own;
    layer.clearLayers();
    draw(layer, places);
    const points = [places.pickup, places.dropoff, places.here, ...places.line].filter(Boolean);
    if (isMoved || !points.length) return;
    isOurs = true;
    map.fitBounds(L.latLngBounds(points), { paddingTopLeft: [48, 56], paddingBottomRight: [48, 112], maxZoom: 16, animate: false });
    isOurs = false;
  };
  look();
  const lookAgain = () => {
    shown = null;
    look();
  };
  document.addEventListener("fresh", look);
  document.addEventListener("position", ({ detail }) => {
    own = detail;
    lookAgain();
  });
  new ResizeObserver(lookAgain).observe(host);
};
