// The screenshot on the stage: zoom, and boxes drawn over it in the pixels of the screen.

import { drawn } from "/static/base/base.js";

const LARGEST_SCALE = 40;
const MARGIN = 12;
const NARROW = 560;
export const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const CORNERS_FROM = 24;
const HANDLES_FROM = 48;

export class View {
  constructor({ stage, canvas, overlay }) {
    Object.assign(this, { stage, canvas, overlay });
    this.size = [1, 1];
    this.scale = 1;
    this.offset = [0, 0];
    this.isFitted = true;
    this.scene = { boxes: [], proposals: [] };
    new ResizeObserver(() => { if (this.isFitted) this.fit(); else this.#place(); }).observe(stage);
  }

  /** Draw a picture; the zoom stays where the size is that of the picture before. */
  show(bitmap, size) {
    const isAlike = this.size[0] === size[0] && this.size[1] === size[1];
    this.size = size;
    if (this.canvas.width !== bitmap.width) this.canvas.width = bitmap.width;
    if (this.canvas.height !== bitmap.height) this.canvas.height = bitmap.height;
    this.canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    this.canvas.hidden = false;
    if (this.isFitted || !isAlike) this.fit();
  }

  /** Show nothing but the stage. */
  clear() {
    this.canvas.hidden = true;
    this.draw({ boxes: [], proposals: [] });
  }

  fit() {
    this.isFitted = true;
    this.#contain([0, 0, ...this.size], 0);
  }

  /** Zoom to a box, with what lies around it. */
  zoomTo(xyxy) {
    this.isFitted = false;
    this.#contain(xyxy, 0.6);
  }

  #contain([left, top, right, bottom], around) {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const wide = (right - left) * (1 + around), high = (bottom - top) * (1 + around);
    const scale = Math.min((width - MARGIN) / wide, (height - MARGIN) / high);
    this.scale = Math.max(0.02, Math.min(LARGEST_SCALE, scale));
    this.offset = [width / 2 - this.scale * (left + right) / 2, height / 2 - this.scale * (top + bottom) / 2];
    this.#place();
  }

  /** Zoom by a factor around a point of the stage. */
  zoomAt([x, y], factor) {
    const scale = Math.max(0.02, Math.min(LARGEST_SCALE, this.scale * factor));
    this.offset = [x - (x - this.offset[0]) * scale / this.scale, y - (y - this.offset[1]) * scale / this.scale];
    this.scale = scale;
    this.isFitted = false;
    this.#place();
  }

  pan(dx, dy) {
    this.offset = [this.offset[0] + dx, this.offset[1] + dy];
    this.isFitted = false;
    this.#place();
  }

  #place() {
    this.canvas.style.transform = `translate(${this.offset[0]}px, ${this.offset[1]}px) scale(${this.scale})`;
    this.canvas.classList.toggle("pixels", this.scale > 2.5);
    this.draw(this.scene);
  }

  /** Return a point of the picture, in its pixels, from one of the stage. */
  toPicture([x, y]) {
    return [(x - this.offset[0]) / this.scale, (y - this.offset[1]) / this.scale];
  }

  toStage([x, y]) {
    return [x * this.scale + this.offset[0], y * this.scale + this.offset[1]];
  }

  /** Return a point of the stage from an event. */
  at(event) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  /** Return the middle of what can be seen, as a box of a quarter of its size, in pixels of the picture. */
  middle() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const [left, top] = this.toPicture([width * 0.38, height * 0.38]);
    const [right, bottom] = this.toPicture([width * 0.62, height * 0.62]);
    return this.inside([left, top, right, bottom]);
  }

  /** Return a box rounded to whole pixels of the picture, and within it. */
  inside([left, top, right, bottom]) {
    const [width, height] = this.size;
    const within = (value, most) => Math.round(Math.max(0, Math.min(most, value)));
    const [x0, x1] = [within(left, width), within(right, width)].sort((a, b) => a - b);
    const [y0, y1] = [within(top, height), within(bottom, height)].sort((a, b) => a - b);
    return [x0, y0, x1, y1];
  }

  /**
   * Draw boxes.
   * @param scene has `boxes` and `proposals`, each with `xyxy`, `color`, `ink` and `text`; `selected`, an id;
   *   `isHidden`; and `draft`, a box that is being drawn
   */
  draw(scene) {
    this.scene = scene;
    const shapes = [];
    if (!scene.isHidden) {
      const all = [...scene.boxes, ...scene.proposals];
      const chosen = all.filter((one) => one.id === scene.selected);
      for (const one of [...all.filter((other) => other.id !== scene.selected), ...chosen]) {
        shapes.push(...this.#shapes(one, one.id === scene.selected));
      }
    }
    if (scene.draft) shapes.push(...this.#shapes(scene.draft, true));
    this.overlay.replaceChildren(...shapes);
  }

  #shapes(one, isSelected) {
    const [x, y] = this.toStage(one.xyxy.slice(0, 2));
    const [right, bottom] = this.toStage(one.xyxy.slice(2));
    const rect = { x, y, width: Math.max(1, right - x), height: Math.max(1, bottom - y) };
    const kind = `${one.isProposal ? "proposal" : "decision"}${isSelected ? " selected" : ""}`;
    const shapes = [drawn("rect", { ...rect, class: `under ${kind}` })];
    const box = drawn("rect", { ...rect, class: `box ${kind}`, "data-id": one.id });
    box.style.stroke = one.color;
    if (isSelected) box.style.fill = `color-mix(in srgb, ${one.color} 14%, transparent)`;
    shapes.push(box, ...this.#tag(one, isSelected, x, y, bottom));
    if (isSelected) shapes.push(...shownHandles(rect).map((name) => this.#handle(name, rect)));
    return shapes;
  }

  #tag(one, isSelected, x, y, bottom) {
    if (!one.text || (!isSelected && this.stage.clientWidth < NARROW)) return [];
    const text = drawn("text", { x: x + 5, class: "tag-text" }, one.text);
    text.style.fill = one.ink;
    const width = textWidth(one.text) + 10;
    const top = y >= 18 ? y - 18 : Math.min(bottom, this.stage.clientHeight - 18);
    const left = Math.max(0, Math.min(x, this.stage.clientWidth - width));
    text.setAttribute("x", left + 5);
    text.setAttribute("y", top + 13);
    const back = drawn("rect", { x: left, y: top, width, height: 18, rx: 3, class: "tag" });
    back.style.fill = one.color;
    return [back, text];
  }

  #handle(name, rect) {
    const [x, y] = handlePoint(name, rect);
    return drawn("rect", { x: x - 4, y: y - 4, width: 8, height: 8, rx: 2, class: "handle" });
  }

  /** Return the handle of a box at a point of the stage; null where there is none. */
  handleAt([px, py], xyxy, reach) {
    const [x, y] = this.toStage(xyxy.slice(0, 2));
    const [right, bottom] = this.toStage(xyxy.slice(2));
    const rect = { x, y, width: right - x, height: bottom - y };
    const near = HANDLES.map((name) => {
      const [hx, hy] = handlePoint(name, rect);
      return { name, distance: Math.hypot(hx - px, hy - py) };
    }).sort((one, other) => one.distance - other.distance)[0];
    return near.distance <= reach ? near.name : null;
  }
}

/** Of a small box the handles would hide what is in it; it can be dragged by its edges all the same. */
function shownHandles({ width, height }) {
  const side = Math.min(width, height);
  if (side < CORNERS_FROM) return [];
  return side < HANDLES_FROM ? HANDLES.filter((name) => name.length === 2) : HANDLES;
}

function handlePoint(name, { x, y, width, height }) {
  const across = name.includes("w") ? 0 : name.includes("e") ? 1 : 0.5;
  const down = name.includes("n") ? 0 : name.includes("s") ? 1 : 0.5;
  return [x + width * across, y + height * down];
}

const measuring = document.createElement("canvas").getContext("2d");
const widths = new Map();

function textWidth(text) {
  if (!widths.has(text)) {
    measuring.font = '600 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
    if (widths.size > 2000) widths.clear();
    widths.set(text, Math.ceil(measuring.measureText(text).width));
  }
  return widths.get(text);
}
