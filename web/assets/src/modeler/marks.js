// Findings on the canvas: marked elements, and the way from a finding to its element.
const MARKS = { error: "found-error", warning: "found-warning" };

export class Marks {
  #viewer;
  #marked = [];
  #pointed = null;

  constructor(viewer) {
    this.#viewer = viewer;
  }

  // The shape of what a finding names; the process of a pool is drawn as the pool.
  find(id) {
    const registry = this.#viewer.get("elementRegistry");
    return (
      registry.get(id) ?? registry.find(({ businessObject }) => businessObject?.get?.("processRef")?.get("id") === id)
    );
  }

  draw(findings) {
    const canvas = this.#viewer.get("canvas");
    for (const [element, mark] of this.#marked) if (this.find(element.id)) canvas.removeMarker(element, mark);
    this.#marked = findings
      .map(({ element, severity }) => [this.find(element), MARKS[severity]])
      .filter(([element]) => element && element !== canvas.getRootElement());
    for (const [element, mark] of this.#marked) canvas.addMarker(element, mark);
  }

  go(id) {
    const element = this.find(id);
    if (element && element !== this.#viewer.get("canvas").getRootElement()) {
      this.#viewer.get("canvas").scrollToElement(element, 120);
    }
    return element;
  }

  // Shows where an element is, if it is there.
  point(id) {
    const canvas = this.#viewer.get("canvas");
    if (this.#pointed) canvas.removeMarker(this.#pointed, "pointed");
    this.#pointed = this.go(id);
    if (this.#pointed) canvas.addMarker(this.#pointed, "pointed");
  }
}
