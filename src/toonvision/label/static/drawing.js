// Boxes: choosing, drawing, moving and copying them, with the pointer and with keys.

import { moved } from "./pointer.js";

const NUDGE_MS = 500;

export class Drawing {
  constructor({ state, store, view, queue, display, decisions, walk }) {
    Object.assign(this, { state, store, view, queue, display, decisions, walk });
  }

  select(id) {
    this.settleNudge();
    this.state.selected = id;
    this.display.render();
  }

  /** Show a box that the pointer draws or changes; null where it does not go on. */
  dragged(draft) {
    this.settleNudge();
    this.#show(draft);
  }

  #show(draft) {
    this.state.draft = draft;
    this.display.render();
  }

  drawn({ id, xyxy }) {
    if (!this.state.shot) return;
    if (id === null) {
      this.#add(xyxy);
      if (this.state.labels.size > 1) this.decisions.do_label();
    } else {
      this.#place(id, xyxy);
    }
  }

  /** Take the box that models see at a point, though not surely enough to propose it; else choose nothing. */
  pointedAt(point) {
    const seen = this.state.shot && this.state.seenUnder(point);
    if (!seen) this.select(null);
    else if (seen.labels.length) this.#add(seen.xyxy);
    else this.drawn({ id: null, xyxy: seen.xyxy });
  }

  #add(xyxy) {
    const { recent, labels } = this.state;
    const label = [...this.state.seenAt(xyxy), ...recent, ...labels.keys()][0];
    const id = newId();
    this.decisions.change({ kind: "draw", boxes: [{ id, label, xyxy }] });
    this.decisions.use(label);
    this.select(id);
  }

  /** Move a box; what has no label yet is asked for one first. */
  async #place(id, xyxy) {
    const one = this.state.boxes.find((other) => other.id === id);
    if (one && this.state.isCoarse(one)) {
      const name = await this.decisions.askLabel(one);
      if (!name) return;
      this.decisions.use(name);
      this.decisions.change({ kind: "relabel", id, label: name });
    }
    this.decisions.change({ kind: "move", id, xyxy });
    this.display.render();
  }

  /** Change the edges of the chosen box by keys; saved when the keys rest. */
  #adjust(event, edges) {
    const one = this.decisions.needed();
    if (!one) return;
    const step = event.ctrlKey ? 10 : 1;
    const dx = { ArrowLeft: -step, ArrowRight: step }[event.key] || 0;
    const dy = { ArrowUp: -step, ArrowDown: step }[event.key] || 0;
    const xyxy = edges(one.xyxy, dx, dy);
    if (xyxy[2] - xyxy[0] < 2 || xyxy[3] - xyxy[1] < 2) return;
    this.#show({ id: one.id, xyxy });
    clearTimeout(this.nudging);
    this.nudging = setTimeout(() => this.settleNudge(), NUDGE_MS);
  }

  /** Save what keys have moved; returns a promise of that, or null where nothing was moved. */
  settleNudge() {
    clearTimeout(this.nudging);
    if (!this.nudging || !this.state.draft?.id) return null;
    this.nudging = null;
    const { id, xyxy } = this.state.draft;
    this.state.draft = null;
    return this.#place(id, xyxy);
  }

  #walk(step) {
    const { boxes, selected } = this.state;
    if (!boxes.length) return;
    const index = boxes.findIndex((one) => one.id === selected);
    const from = index < 0 && step < 0 ? 0 : index;
    this.select(boxes[(from + step + boxes.length) % boxes.length].id);
  }

  // Actions.

  do_nextBox() { this.#walk(1); }
  do_previousBox() { this.#walk(-1); }
  do_deselect() { this.select(null); }

  do_draw() {
    if (!this.state.shot) return;
    const xyxy = this.view.middle();
    if (xyxy[2] - xyxy[0] < 2 || xyxy[3] - xyxy[1] < 2) this.display.say("No picture is in the middle. Show all of it (z).");
    else this.#add(xyxy);
  }

  do_copy() {
    const { shot, previousShot, labels } = this.state;
    const before = previousShot && this.store.sheet(previousShot) ? previousShot : this.queue.ids[this.queue.index - 1];
    const copied = before && before !== shot && this.store.sheet(before)?.boxes;
    if (!copied?.length) { this.display.say("The previous screenshot has no boxes to copy."); return; }
    const boxes = copied.filter((one) => labels.has(one.label))
      .map((one) => ({ id: newId(), label: one.label, xyxy: this.view.inside(one.xyxy) }))
      .filter(({ xyxy }) => xyxy[2] > xyxy[0] && xyxy[3] > xyxy[1]);
    this.decisions.change({ kind: "draw", boxes });
    this.select(boxes[0]?.id || null);
  }

  do_nudge(event) {
    const isBeside = !this.state.chosen && !event.ctrlKey;
    if (isBeside && event.key === "ArrowRight") this.walk.do_next();
    else if (isBeside && event.key === "ArrowLeft") this.walk.do_previous();
    else this.#adjust(event, (xyxy, dx, dy) => moved(xyxy, dx, dy, this.view.size));
  }

  do_growEnd(event) {
    this.#adjust(event, ([left, top, right, bottom], dx, dy) => {
      const [width, height] = this.view.size;
      return [left, top, Math.min(width, Math.max(left, right + dx)), Math.min(height, Math.max(top, bottom + dy))];
    });
  }

  do_growStart(event) {
    this.#adjust(event, ([left, top, right, bottom], dx, dy) =>
      [Math.max(0, Math.min(right, left + dx)), Math.max(0, Math.min(bottom, top + dy)), right, bottom]);
  }
}

function newId() {
  return `d${crypto.getRandomValues(new Uint32Array(2)).join("").slice(0, 12)}`;
}
