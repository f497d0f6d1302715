// What lies under the pins: land and sea from afar, and near by the operator's city file or else the schematic city.
import L from "leaflet";

const DEGREE = 100_000; // the city counts in 1e-5 degrees, each point from the one before

const readLine = (numbers) => {
  const line = [];
  let [lat, lng] = [0, 0];
  for (let at = 0; at < numbers.length; at += 2) {
    lat += numbers[at];
    lng += numbers[at + 1];
    line.push([lat / DEGREE, lng / DEGREE]);
  }
  return line;
};

const still = { interactive: false, noClip: false, smoothFactor: 0.5 };

const drawCity = async (map, address) => {
  const city = await (await fetch(address)).json();
  const pane = map.createPane("city");
  pane.style.zIndex = 250;
  const renderer = L.svg({ pane: "city", padding: 0.3 });
  const add = (kind, lines, make) => make(lines.map(readLine), { ...still, pane: "city", renderer, className: `map-${kind}` }).addTo(map);
  const areas = (rings, how) => L.polygon(rings.map((ring) => [ring]), how);
  add("park", city.parks, areas);
  add("water", city.water, areas);
  add("minor", city.minor, L.polyline);
  add("major", city.major, L.polyline);
};

const drawWorld = async (map) => {
  const { land } = await import("./world.js");
  const pane = map.createPane("world");
  pane.style.zIndex = 200;
  const renderer = L.svg({ pane: "world" });
  L.geoJSON(land, { ...still, pane: "world", renderer, className: "map-land" }).addTo(map);
};

const drawFile = async (map, address) => {
  globalThis.L = L; // the layer looks for it there
  const { leafletLayer } = await import("protomaps-leaflet");
  const theme = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const lang = document.documentElement.lang.startsWith("zh") ? "zh-Hans" : "en";
  leafletLayer({ url: address, flavor: theme, lang }).addTo(map);
};

export const drawBase = (map, { city, tiles, schematic, credit }) => {
  const note = L.control({ position: "topleft" });
  note.onAdd = () => {
    const label = L.DomUtil.create("p", "map-note");
    label.textContent = tiles ? credit : schematic;
    return label;
  };
  note.addTo(map);
  if (tiles) {
    drawFile(map, tiles);
    return;
  }
  drawCity(map, city).catch(() => map.getContainer().classList.add("is-bare"));
  let isWorldDrawn = false;
  const look = () => {
    if (isWorldDrawn || map.getZoom() >= 10) return;
    isWorldDrawn = true;
    drawWorld(map);
  };
  map.on("zoomend", look);
  look();
};
