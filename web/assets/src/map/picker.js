// The field for a place: the pin stands in the middle of the map, the map is moved under it, by finger, mouse or arrow
// keys; a click moves it there at once. What is typed or chosen instead moves the map. Nothing is set before that.
import L from "leaflet";

const POINT = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;
const NEAR = 15.5;
const DIGITS = 6;

export const preparePicker = (map, host) => {
  const field = host.closest("[data-place]");
  const [address, point, known] = ["address", "point", "known"].map((part) => field.querySelector(`[data-part=${part}]`));
  const [status, locate] = [field.querySelector("[data-place-status]"), field.querySelector("[data-locate]")];
  const read = () => point.value.match(POINT)?.slice(1).map(Number) ?? null;
  let isOurs = false;

  const move = (place, zoom) => {
    isOurs = true;
    map.setView(place, zoom, { animate: false });
    isOurs = false;
  };
  const write = ([lat, lng], words) => {
    point.value = `${lat.toFixed(DIGITS)}, ${lng.toFixed(DIGITS)}`;
    point.dispatchEvent(new Event("input", { bubbles: true }));
    host.classList.add("is-set");
    status.textContent = words;
  };
  const set = (place, words = host.dataset.set) => {
    move(place, Math.max(map.getZoom(), NEAR));
    write(place, words);
  };

  map.on("moveend", () => {
    if (isOurs) return;
    const { lat, lng } = map.getCenter();
    known.value = "";
    write([lat, lng], host.dataset.set);
  });
  map.on("click", ({ latlng }) => map.panTo(latlng, { animate: false }));

  point.addEventListener("change", () => {
    const place = read();
    if (place) set(place);
  });
  known.addEventListener("change", () => {
    const chosen = known.selectedOptions[0];
    if (!chosen.dataset.point) return;
    const words = chosen.dataset.address;
    if (!address.value || [...known.options].some((one) => one.dataset.address === address.value)) address.value = words;
    set(chosen.dataset.point.split(",").map(Number), words);
  });
  locate.hidden = !navigator.geolocation;
  locate.addEventListener("click", () => {
    status.textContent = host.dataset.locating;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => set([coords.latitude, coords.longitude], host.dataset.located),
      ({ code }) => (status.textContent = code === 1 ? host.dataset.denied : host.dataset.unlocated),
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 30_000 },
    );
  });

  const first = read();
  if (first) {
    move(first, NEAR);
    host.classList.add("is-set");
  }
  L.DomEvent.disableScrollPropagation(host);
};
