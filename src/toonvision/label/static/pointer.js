// Mouse, pen and fingers on the stage: select, move, resize, draw; two fingers and the wheel zoom.

const REACH = { mouse: 8, pen: 12, touch: 18 };
const SLACK = 4;

export class Pointer {
  /**
   * @param view the view
   * @param boxes returns what can be selected, each with `id` and `xyxy`
   * @param selected returns the selected one, or null
   * @param onSelect gets an id
   * @param onPoint gets a point of the picture where nothing can be selected, x and y
   * @param onDraft gets a box that is being drawn or changed: its id, or null for a new one, and its edges
   * @param onDone gets the same when it is finished
   */
  constructor({ view, boxes, selected, onSelect, onPoint, onDraft, onDone }) {
    Object.assign(this, { view, boxes, selected, onSelect, onPoint, onDraft, onDone });
    this.fingers = new Map();
    this.drag = null;
    const { stage } = view;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    stage.addEventListener("pointerup", (event) => this.#up(event));
    stage.addEventListener("pointercancel", (event) => this.#up(event, true));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #down(event) {
    if (event.target.closest("#zoom")) return;
    this.view.stage.setPointerCapture(event.pointerId);
    const at = this.view.at(event);
    this.fingers.set(event.pointerId, at);
    if (this.fingers.size === 2) {
      this.onDraft(null);
      this.drag = { kind: "pinch" };
      return;
    }
    if (this.fingers.size > 2) return;
    if (event.button === 1 || event.button === 2) this.drag = { kind: "pan", last: at };
    else this.drag = this.#begin(at, event);
  }

  #begin(at, event) {
    const chosen = this.selected();
    const handle = chosen && this.view.handleAt(at, chosen.xyxy, REACH[event.pointerType] || REACH.mouse);
    if (handle) return { kind: "resize", handle, box: chosen, start: at };
    const hit = event.shiftKey ? null : this.#hit(at, chosen);
    if (!hit) return { kind: "draw", start: at };
    if (hit !== chosen) this.onSelect(hit.id);
    return { kind: "move", box: hit, start: at };
  }

  /** Return the box at a point: the selected one, else the smallest. */
  #hit(at, chosen) {
    const [x, y] = this.view.toPicture(at);
    const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
    const hits = this.boxes().filter(({ xyxy }) => x >= xyxy[0] && x <= xyxy[2] && y >= xyxy[1] && y <= xyxy[3]);
    if (chosen && hits.some((one) => one.id === chosen.id)) return chosen;
    return hits.sort((one, other) => area(one.xyxy) - area(other.xyxy))[0] || null;
  }

  #move(event) {
    const at = this.view.at(event);
    if (!this.fingers.has(event.pointerId)) return this.#hover(at, event);
    const before = this.fingers.get(event.pointerId);
    this.fingers.set(event.pointerId, at);
    if (!this.drag) return null;
    if (this.drag.kind === "pinch") return this.#pinch(event.pointerId, before, at);
    if (this.drag.kind === "pan") return this.view.pan(at[0] - before[0], at[1] - before[1]);
    const far = Math.hypot(at[0] - this.drag.start[0], at[1] - this.drag.start[1]) > SLACK;
    this.drag.isFar ||= far;
    if (this.drag.isFar) this.onDraft(this.#draft(at));
    return null;
  }

  /** Leave a drag: what it was about is not shown any more. */
  abandon() {
    this.drag = null;
    this.onDraft(null);
  }

  #draft(at) {
    const { kind, start, box, handle } = this.drag;
    const from = this.view.toPicture(start), to = this.view.toPicture(at);
    if (kind === "draw") return { id: null, xyxy: this.view.inside([...from, ...to]) };
    const dx = to[0] - from[0], dy = to[1] - from[1];
    if (kind === "move") return { id: box.id, xyxy: moved(box.xyxy, dx, dy, this.view.size) };
    const [left, top, right, bottom] = box.xyxy;
    const edges = [
      handle.includes("w") ? left + dx : left, handle.includes("n") ? top + dy : top,
      handle.includes("e") ? right + dx : right, handle.includes("s") ? bottom + dy : bottom,
    ];
    return { id: box.id, xyxy: this.view.inside(edges) };
  }

  #pinch(id, before, at) {
    const other = [...this.fingers].find(([finger]) => finger !== id)?.[1];
    if (!other) return;
    const distance = (one) => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
    const middle = (one) => [(one[0] + other[0]) / 2, (one[1] + other[1]) / 2];
    const [was, now] = [middle(before), middle(at)];
    this.view.pan(now[0] - was[0], now[1] - was[1]);
    this.view.zoomAt(now, distance(at) / distance(before));
  }

  #up(event, isCancelled = false) {
    if (!this.fingers.delete(event.pointerId)) return;
    const drag = this.drag;
    if (drag?.kind === "pinch") {
      if (!this.fingers.size) this.drag = null;
      return;
    }
    this.drag = null;
    if (!drag || drag.kind === "pan") return;
    if (!drag.isFar || isCancelled) {
      this.onDraft(null);
      if (drag.kind === "draw" && !isCancelled) this.onPoint(this.view.toPicture(drag.start));
      return;
    }
    this.drag = drag;
    const draft = this.#draft(this.view.at(event));
    this.drag = null;
    this.onDraft(null);
    const [left, top, right, bottom] = draft.xyxy;
    if (right - left >= 2 && bottom - top >= 2) this.onDone(draft);
  }

  #hover(at, event) {
    const chosen = this.selected();
    const handle = chosen && this.view.handleAt(at, chosen.xyxy, REACH.mouse);
    const cursors = { n: "ns", s: "ns", e: "ew", w: "ew", nw: "nwse", se: "nwse", ne: "nesw", sw: "nesw" };
    const over = handle ? `${cursors[handle]}-resize` : !event.shiftKey && this.#hit(at, chosen) ? "move" : "crosshair";
    this.view.stage.style.cursor = over;
  }

  #wheel(event) {
    event.preventDefault();
    this.view.zoomAt(this.view.at(event), Math.exp(-Math.sign(event.deltaY) * Math.min(60, Math.abs(event.deltaY)) / 300));
  }
}

/** Return a box moved by some pixels, and kept within a picture. */
export function moved([left, top, right, bottom], dx, dy, [width, height]) {
  const x = Math.round(Math.max(-left, Math.min(width - right, dx)));
  const y = Math.round(Math.max(-top, Math.min(height - bottom, dy)));
  return [left + x, top + y, right + x, bottom + y];
}
