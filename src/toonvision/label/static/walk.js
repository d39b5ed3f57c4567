// The way through the list: filters, the next screenshot and the previous one, and where the review was.

import { Away, banner, element, request } from "/static/base/base.js";

const AHEAD = 5;
const AFTERWARDS_MS = 60;
const RETRY_MS = 1000;
const REMEMBER_MS = 300;
const LOADING = "This screenshot is still loading: nothing can be decided about it before it is shown.";
const FILTERS = ["state", "context", "label", "search"];
const find = (id) => document.getElementById(id);

export class Walk {
  /** @param onLeave called before another screenshot is shown, which waits for what it returns */
  constructor({ state, store, pictures, queue, display, onLeave }) {
    Object.assign(this, { state, store, pictures, queue, display, onLeave });
  }

  fillFilters({ contexts, labels, position }) {
    find("filter-context").append(...contexts.map((one) => element("option", { value: one.name, text: one.title })));
    find("filter-label").append(...labels.map((one) => element("option", { value: one.name, text: one.title })));
    const filters = position.filters || { state: "left" };
    for (const name of FILTERS) find(`filter-${name}`).value = filters[name] || "";
    for (const name of FILTERS) find(`filter-${name}`).addEventListener("change", () => this.filter(this.state.shot));
  }

  filters() {
    return Object.fromEntries(FILTERS.map((name) => [name, find(`filter-${name}`).value || ""]));
  }

  /** Load the list anew, and show a screenshot of it: the given one if it is there. */
  async filter(shot) {
    try {
      if (!(await this.queue.load(this.filters()))) return undefined;
    } catch (error) {
      return this.display.failed(error);
    }
    const index = this.queue.ids.indexOf(shot);
    return this.open(Math.max(0, index));
  }

  async open(index) {
    const { state, display } = this;
    display.say(""); // what was said was of the one before
    await this.onLeave();
    const shot = this.queue.ids[index];
    if (shot === undefined) {
      if (!this.queue.ids.length) display.showNothing();
      else display.say(index < 0 ? "This is the first one." : "This was the last one of the list.");
      return;
    }
    if (shot !== state.shot) state.previousShot = state.shot;
    state.shot = shot;
    state.unseen = LOADING;
    state.selected = null;
    this.queue.select(index);
    this.#showQueue(false);
    const wasKnown = Boolean(this.store.sheet(shot));
    try {
      if (!wasKnown) await this.store.load(shot);
      const stamp = this.store.sheet(shot)?.picture;
      if (!this.pictures.ready(shot, stamp)) await this.pictures.get(shot, stamp);
    } catch (error) {
      if (state.shot === shot) this.#failed(error, index);
      return;
    }
    if (!this.store.away) banner(find("away"), "");
    if (state.shot !== shot || !this.store.sheet(shot)) return;
    display.showPicture();
    this.#remember();
    setTimeout(() => { // what comes next is not to hold up what is drawn now
      if (state.shot !== shot) return;
      if (wasKnown) this.store.load(shot).catch((error) => display.failed(error));
      this.#lookAhead(index);
    }, AFTERWARDS_MS);
  }

  #failed(error, index) {
    const { shot } = this.state;
    if (error instanceof Away) setTimeout(() => { if (this.state.shot === shot) this.open(index); }, RETRY_MS);
    this.display.showProblem(this.queue.name(index) || this.store.sheet(shot)?.name || "This screenshot", error);
  }

  #lookAhead(index) {
    for (const shot of this.queue.ids.slice(index + 1, index + 1 + AHEAD)) {
      this.pictures.get(shot).catch(() => {});
      if (!this.store.sheets.has(shot)) this.store.load(shot).catch(() => {});
    }
  }

  #remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      const body = { shot: this.state.shot, filters: this.filters(), recent: this.state.recent };
      request("/api/position", { method: "PUT", body }).catch(() => {});
    }, REMEMBER_MS);
  }

  /** Take the last decision back, or make it again; `stepping` is the promise of that until it is shown. */
  #step(name) {
    this.stepping = this.#showStep(name).finally(() => { this.stepping = null; });
    return this.stepping;
  }

  /** Show the screenshot that a step was about, and choose the box. */
  async #showStep(name) {
    const { state } = this;
    const { shot } = state;
    const step = await this.store.step(name).catch((error) => this.display.failed(error));
    if (!step || state.shot !== shot) return; // or a person has moved on
    const { sheet, box } = step;
    const index = this.queue.ids.indexOf(sheet.id);
    if (sheet.id !== shot && index >= 0) await this.open(index);
    else if (sheet.id !== shot) this.display.say(`${sheet.name} is as before; it is not in this list.`);
    if (sheet.id === state.shot) state.selected = box || (state.chosen || state.proposals[0])?.id || null;
    this.display.render();
  }

  // Actions.

  do_next() { return this.open(this.queue.index + 1); }
  do_previous() { return this.open(this.queue.index - 1); }
  do_undo() { return this.#step("undo"); }
  do_redo() { return this.#step("redo"); }

  do_queue() {
    const isNarrow = matchMedia("(max-width: 900px)").matches;
    if (isNarrow) this.#showQueue(!document.body.classList.contains("with-queue"));
    else document.body.classList.toggle("without-queue");
  }

  /** Show the list over the screenshot, where both have no room beside each other. */
  #showQueue(isShown) {
    document.body.classList.toggle("with-queue", isShown);
    find("show-queue").setAttribute("aria-expanded", String(isShown));
  }

  /** Once a person agrees, end the review as Ctrl-C does, so that what was asked for by --then-train follows. */
  async do_train() {
    const { then } = this.state;
    if (!then.length) {
      this.display.say("Start the page by toonvision label --then-train TASK: then this key ends the review and trains.");
      return;
    }
    find("end-text").textContent = `End the review, extract what is new and train ${then.join(", ")}? What you decided is saved.`;
    const dialog = find("end");
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => { dialog.addEventListener("close", resolve, { once: true }); });
    if (dialog.returnValue !== "end") return;
    try {
      await this.store.outbox.flush();
      await request("/api/end", { method: "POST", body: {} });
      banner(find("away"), "The review has ended. The terminal says how the training goes.");
    } catch (error) {
      this.display.failed(error);
    }
  }

  do_search() { find("filter-search").focus(); }
}
