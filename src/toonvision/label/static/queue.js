// The list of screenshots: only the rows that can be seen are in the page, however many there are.

import { element, request } from "/static/base/base.js";

const ROW_PX = 46;
const MARGIN_ROWS = 8;
const MOST_ASKED = 100;
const GONE = { name: "no longer there", state: "", boxes: 0, why: "" };
const WORDS = {
  new: "not annotated", source: "annotated", open: "begun", done: "reviewed", empty: "empty", skipped: "skipped",
  unsure: "unsure",
};

export class Queue {
  /** @param onOpen gets the index of a screenshot that a person wants to see */
  constructor({ onOpen, onError }) {
    Object.assign(this, { onOpen, onError });
    this.ids = [];
    this.index = 0;
    this.known = new Map();
    this.asked = new Set();
    this.box = document.getElementById("rows");
    this.height = document.getElementById("rows-height");
    this.shown = document.getElementById("rows-shown");
    this.count = document.getElementById("count");
    this.box.addEventListener("scroll", () => this.#render(), { passive: true });
    new ResizeObserver(() => this.#render()).observe(this.box);
  }

  /** Load the ids of the screenshots that filters let through; resolves with whether nothing newer was asked for. */
  async load(filters) {
    const load = Symbol("load");
    this.newest = load;
    const { ids } = await request(`/api/queue?${new URLSearchParams(filters)}`);
    if (this.newest !== load) return false;
    this.ids = ids;
    this.known.clear();
    this.height.style.height = `${ids.length * ROW_PX}px`;
    this.count.textContent = ids.length === 1 ? "1 screenshot" : `${ids.length.toLocaleString("en")} screenshots`;
    this.#render();
    return true;
  }

  /** Mark a row, and scroll to it if it cannot be seen. */
  select(index) {
    this.index = index;
    const top = index * ROW_PX;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || top + ROW_PX > scrollTop + clientHeight) {
      this.box.scrollTop = Math.max(0, top - clientHeight / 3);
    }
    this.#render();
  }

  /** Return the name of a screenshot, where its row was seen. */
  name(index) {
    return this.known.get(this.ids[index])?.name;
  }

  /** Take what a decision made of a row. */
  update(row) {
    this.known.set(row.id, row);
    this.#render();
  }

  #render() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = null;
      const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - MARGIN_ROWS);
      const count = Math.ceil(this.box.clientHeight / ROW_PX) + 2 * MARGIN_ROWS;
      const ids = this.ids.slice(first, first + count);
      this.shown.style.transform = `translateY(${first * ROW_PX}px)`;
      this.shown.replaceChildren(...ids.map((id, at) => this.#row(id, first + at)));
      this.#ask(ids.filter((id) => !this.known.has(id) && !this.asked.has(id)));
    });
  }

  #row(id, index) {
    const row = this.known.get(id);
    const name = element("span", { className: "name" }, element("bdi", { text: row ? row.name : "…" }));
    const boxes = row && row.boxes ? `${row.boxes} ${row.boxes === 1 ? "box" : "boxes"}` : "";
    const words = row ? [WORDS[row.state] || row.state, boxes, row.why].filter(Boolean).join(" · ") : "";
    const state = element("span", { className: "muted", text: words });
    const made = element("li", { className: `row ${row ? row.state : ""}`, "aria-current": String(index === this.index) },
      name, state);
    if (row) made.title = row.name;
    made.addEventListener("click", () => this.onOpen(index));
    return made;
  }

  async #ask(ids) {
    if (!ids.length) return;
    const wanted = ids.slice(0, MOST_ASKED);
    wanted.forEach((id) => this.asked.add(id));
    try {
      const { rows } = await request(`/api/rows?ids=${wanted.join(",")}`);
      for (const id of wanted) this.known.set(id, { ...GONE, id }); // the server may not know all of them any more
      for (const row of rows) this.known.set(row.id, row);
      this.#render();
    } catch (error) {
      this.onError(error);
    } finally {
      wanted.forEach((id) => this.asked.delete(id));
    }
  }
}
