// The labelling page: what is shown, what keys and buttons do, and where the review was.

import { Away, banner, element, request } from "/static/base/base.js";
import { Chooser } from "./chooser.js";
import { actionOf, fillHelp } from "./keys.js";
import { Panel, drawable, showProgress } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Pointer, moved } from "./pointer.js";
import { Queue } from "./queue.js";
import { Store } from "./store.js";
import { View } from "./view.js";

const AHEAD = 5;
const AFTERWARDS_MS = 60;
const NUDGE_MS = 500;
const MESSAGE_MS = 4000;
const RETRY_MS = 1000;
const MOST_RECENT = 9;
const GREY = "#666666";
const find = (id) => document.getElementById(id);
const FILTERS = ["state", "context", "label", "search"];

class Page {
  async start() {
    const given = await request("/api/start");
    this.labels = new Map(given.labels.map((one) => [one.name, one]));
    this.classes = given.classes;
    this.contexts = new Map(given.contexts.map((one) => [one.name, one.title]));
    this.recent = (given.position.recent || []).filter((name) => this.labels.has(name));
    this.selected = null;
    this.isHidden = false;
    this.draft = null;
    this.pictures = new Pictures();
    this.view = new View({ stage: find("stage"), canvas: find("picture"), overlay: find("overlay") });
    this.store = new Store({
      key: given.key,
      onSheet: (shot) => { if (shot === this.shot) this.render(); this.showConflict(); },
      onProgress: (progress, row) => { showProgress(find("progress"), progress); this.queue.update(row); },
      onAway: (away) => banner(find("away"), away ? away.message : ""),
      onError: (text) => this.say(text),
    });
    this.queue = new Queue({ onOpen: (index) => this.open(index), onError: (error) => this.failed(error) });
    this.chooser = new Chooser(given.labels);
    this.panel = new Panel({
      labelOf: (one) => this.labelOf(one),
      label: (name) => this.label(name),
      onAction: (action) => this.act(action),
      onSelect: (id) => this.select(id),
      onRecent: (index) => this.relabel(this.recent[index]),
    });
    this.pointer = new Pointer({
      view: this.view,
      boxes: () => (this.isHidden ? [] : this.all()),
      selected: () => this.chosen(),
      onSelect: (id) => this.select(id),
      onDraft: (draft) => this.dragged(draft),
      onDone: (draft) => this.drawn(draft),
    });
    document.title = `${given.workspace} · Label · ToonVision`;
    showProgress(find("progress"), given.progress);
    fillHelp(find("help-keys"));
    this.fillFilters(given);
    this.listen();
    this.panel.showRecent(this.recent);
    await this.store.outbox.flush();
    await this.filter(given.position.shot);
  }

  label(name) {
    return this.labels.get(name) || { name, title: name, color: GREY, groups: ["no label of the taxonomy"], classes: [] };
  }

  /** What a box or a proposal is called: by its label, or by the class that is all that the models know. */
  labelOf(one) {
    const found = this.coarse(one) && this.classes[one.level]?.[one.label];
    return found ? { ...found, groups: ["which one is yours to say"] } : this.label(one.label);
  }

  fillFilters({ contexts, labels, position }) {
    find("filter-context").append(...contexts.map((one) => element("option", { value: one.name, text: one.title })));
    find("filter-label").append(...labels.map((one) => element("option", { value: one.name, text: one.title })));
    const filters = position.filters || { state: "left" };
    for (const name of FILTERS) find(`filter-${name}`).value = filters[name] || "";
    for (const name of FILTERS) find(`filter-${name}`).addEventListener("change", () => this.filter(this.shot));
  }

  filters() {
    return Object.fromEntries(FILTERS.map((name) => [name, find(`filter-${name}`).value || ""]));
  }

  listen() {
    document.addEventListener("keydown", (event) => this.key(event));
    addEventListener("resize", () => this.render());
    find("show-help").addEventListener("click", () => this.act("help"));
    find("show-queue").addEventListener("click", () => this.act("queue"));
    for (const [id, text, title, run] of [
      ["hide", "◌", "Hide and show boxes (h)", () => this.do_hide()],
      ["smaller", "−", "Zoom out", () => this.zoomBy(1 / 1.5)], ["whole", "⤢", "Whole screenshot", () => this.view.fit()],
      ["larger", "+", "Zoom in", () => this.zoomBy(1.5)],
    ]) {
      const made = element("button", { type: "button", id, text, title });
      made.addEventListener("click", () => { made.blur(); run(); });
      find("zoom").append(made);
    }
  }

  zoomBy(factor) {
    this.view.zoomAt([this.view.stage.clientWidth / 2, this.view.stage.clientHeight / 2], factor);
  }

  key(event) {
    if (document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, select")) {
      if (event.key === "Escape" || event.key === "Enter") event.target.blur();
      return;
    }
    if (event.target.matches("button") && (event.key === "Enter" || event.key === " ")) return;
    if (!event.ctrlKey && this.chooser.swallows(event)) return;
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    this.act(action, event);
  }

  act(action, event) {
    if (!["nudge", "growEnd", "growStart"].includes(action)) this.settleNudge();
    return this[`do_${action}`](event);
  }

  // What is shown.

  /** Load the list anew, and show a screenshot of it: the given one if it is there. */
  async filter(shot) {
    try {
      await this.queue.load(this.filters());
    } catch (error) {
      return this.failed(error);
    }
    const index = this.queue.ids.indexOf(shot);
    return this.open(Math.max(0, index));
  }

  async open(index) {
    this.settleNudge();
    const shot = this.queue.ids[index];
    if (shot === undefined) {
      if (!this.queue.ids.length) this.showNothing();
      else this.say(index < 0 ? "This is the first one." : "This was the last one of the list.");
      return;
    }
    if (shot !== this.shot) this.previousShot = this.shot;
    this.shot = shot;
    this.selected = null;
    this.queue.select(index);
    document.body.classList.remove("with-queue");
    const wasKnown = Boolean(this.store.sheet(shot));
    try {
      if (!wasKnown) await this.store.load(shot);
      if (!this.pictures.ready(shot)) await this.pictures.get(shot);
    } catch (error) {
      if (this.shot === shot) this.showProblem(error, index);
      return;
    }
    if (!this.store.away) banner(find("away"), "");
    if (this.shot !== shot || !this.store.sheet(shot)) return;
    this.showPicture(shot);
    this.remember();
    setTimeout(() => { // what comes next is not to hold up what is drawn now
      if (this.shot !== shot) return;
      if (wasKnown) this.store.load(shot).catch((error) => this.failed(error));
      this.lookAhead(index);
    }, AFTERWARDS_MS);
  }

  showPicture(shot) {
    const sheet = this.store.sheet(shot);
    find("stage-note").hidden = true;
    this.view.show(this.pictures.ready(shot), sheet.size);
    this.selected = sheet.proposals[0]?.id || null;
    this.render();
    requestAnimationFrame(() => { document.body.dataset.shown = shot; });
  }

  lookAhead(index) {
    for (const shot of this.queue.ids.slice(index + 1, index + 1 + AHEAD)) {
      this.pictures.get(shot).catch(() => {});
      if (!this.store.sheets.has(shot)) this.store.load(shot).catch(() => {});
    }
  }

  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      const body = { shot: this.shot, filters: this.filters(), recent: this.recent };
      request("/api/position", { method: "PUT", body }).catch(() => {});
    }, 300);
  }

  showNothing() {
    this.shot = undefined;
    this.view.clear();
    this.panel.show({ boxes: [], proposals: [], notes: [] }, null);
    find("title").textContent = "Nothing to show";
    find("why").textContent = "";
    find("stage-note").textContent = "No screenshot passes the filters. Choose another state, context or label.";
    find("stage-note").hidden = false;
    document.body.dataset.shown = "";
  }

  showProblem(error, index) {
    const { shot } = this;
    if (error instanceof Away) setTimeout(() => { if (this.shot === shot) this.open(index); }, RETRY_MS);
    this.view.clear();
    find("stage-note").textContent = error.message;
    find("stage-note").hidden = false;
    this.failed(error);
  }

  render() {
    const sheet = this.shot && this.store.sheet(this.shot);
    if (!sheet) return;
    if (this.selected && !this.all().some((one) => one.id === this.selected)) this.selected = null;
    find("title").textContent = sheet.name;
    const state = { new: "not annotated", source: "annotated by the source", done: "reviewed", open: "begun" };
    find("why").textContent = [state[sheet.state] || sheet.state, this.contexts.get(sheet.context), sheet.why].filter(Boolean).join(" · ");
    this.panel.show(sheet, this.selected);
    const changed = (one) => (this.draft && this.draft.id === one.id ? { ...one, xyxy: this.draft.xyxy } : one);
    const { color } = this.label(this.recent[0] || "");
    this.view.draw({
      boxes: sheet.boxes.map((one) => drawable(changed(one), this.labelOf(one), false)),
      proposals: sheet.proposals.map((one) => drawable(changed(one), this.labelOf(one), true)),
      selected: this.selected,
      isHidden: this.isHidden,
      draft: this.draft && this.draft.id === null ? { xyxy: this.draft.xyxy, color, text: "" } : null,
    });
  }

  all() {
    const sheet = this.shot && this.store.sheet(this.shot);
    return sheet ? [...sheet.proposals, ...sheet.boxes] : [];
  }

  chosen() {
    const found = this.all().find((one) => one.id === this.selected);
    if (!found || this.draft?.id !== found.id) return found || null;
    return { ...found, xyxy: this.draft.xyxy };
  }

  select(id) {
    this.settleNudge();
    this.selected = id;
    this.render();
  }

  say(text) {
    banner(find("message"), text);
    clearTimeout(this.saying);
    this.saying = setTimeout(() => banner(find("message"), ""), MESSAGE_MS);
  }

  failed(error) {
    if (error instanceof Away) banner(find("away"), error.message);
    else this.say(error.message);
  }

  showConflict() {
    const place = find("conflict");
    const [conflict] = this.store.conflicts;
    place.hidden = !conflict;
    if (!conflict) return;
    const again = element("button", { type: "button", text: "Do it here too" });
    const leave = element("button", { type: "button", text: "Leave it" });
    again.addEventListener("click", () => this.store.settle(conflict, true));
    leave.addEventListener("click", () => this.store.settle(conflict, false));
    const what = conflict.changes.length === 1 ? "Your last change was" : `Your last ${conflict.changes.length} changes were`;
    const words = `${conflict.name} was changed in another tab, or by another program. ${what} not saved. `;
    place.replaceChildren(element("span", { text: words }), again, " ", leave);
  }

  // What a person decides.

  change(change) {
    if (!this.shot) return;
    this.store.change(this.shot, change).catch((error) => this.failed(error));
  }

  /** Choose the proposal after one that is decided. */
  chooseNext(before) {
    const sheet = this.store.sheet(this.shot);
    const index = before.findIndex((one) => one.id === this.selected);
    const left = before.slice(index + 1).concat(before.slice(0, Math.max(0, index)));
    this.selected = left.find((one) => sheet.proposals.some((other) => other.id === one.id))?.id || null;
    this.render();
  }

  /** Whether the models know only a class of a proposal, so that a person has to say its label. */
  coarse(one) {
    return one.exact === false;
  }

  do_confirm() {
    if (!this.shot) return;
    const unnamed = this.store.sheet(this.shot).proposals.find((one) => this.coarse(one));
    if (unnamed) {
      this.say("This one needs a label first.");
      this.selected = unnamed.id;
      this.render();
      this.do_label();
      return;
    }
    this.change({ kind: "confirm" });
    this.do_next();
  }

  do_accept() {
    const one = this.chosen();
    const { proposals } = this.store.sheet(this.shot) || { proposals: [] };
    if (!proposals.some((other) => other === one || other.id === one?.id)) return;
    if (this.coarse(one)) { this.do_label(); return; }
    this.change({ kind: "accept", id: one.id });
    this.chooseNext(proposals);
  }

  do_acceptAll() {
    if (this.store.sheet(this.shot)?.proposals.some((one) => !this.coarse(one))) this.change({ kind: "accept_all" });
  }

  do_remove() {
    const one = this.chosen();
    if (!one) return;
    const before = this.all();
    this.change({ kind: "delete", id: one.id });
    this.chooseNext(before);
  }

  do_rejectAll() {
    if (this.store.sheet(this.shot)?.proposals.length) this.change({ kind: "reject_all" });
  }

  do_empty() { this.change({ kind: "empty" }); this.do_next(); }
  do_skip() { this.change({ kind: "skip" }); this.do_next(); }
  do_unsure() { this.change({ kind: "unsure" }); this.do_next(); }

  async step(name) {
    const { shot } = this;
    const sheet = await this.store.step(name).catch((error) => this.failed(error));
    if (!sheet || this.shot !== shot) return; // or a person has moved on
    const index = this.queue.ids.indexOf(sheet.id);
    if (sheet.id !== this.shot && index >= 0) await this.open(index);
    else if (sheet.id !== this.shot) this.say(`${sheet.name} is as before; it is not in this list.`);
    this.render();
  }

  do_undo() { return this.step("undo"); }
  do_redo() { return this.step("redo"); }

  /** Give the chosen box a label; a proposal is accepted by that. */
  relabel(name) {
    const one = this.chosen();
    if (!name) return;
    this.use(name);
    if (!one) return;
    const { proposals } = this.store.sheet(this.shot);
    const wasProposal = proposals.some((other) => other.id === one.id);
    if (one.label === name && !wasProposal) return;
    this.change({ kind: "relabel", id: one.id, label: name });
    if (wasProposal && proposals.length > 1) this.chooseNext(proposals);
    this.render();
  }

  use(name) {
    this.recent = [name, ...this.recent.filter((other) => other !== name)].slice(0, MOST_RECENT);
    this.panel.showRecent(this.recent);
  }

  async do_label() {
    const one = this.chosen();
    const name = one && await this.askLabel(one);
    if (name) this.relabel(name);
  }

  /** Ask which label a box has: one of its class, where the models know that. */
  askLabel(one) {
    const within = (label) => label.name.startsWith(`${one.label}_`) || label.classes.includes(one.label);
    const only = this.coarse(one) && [...this.labels.values()].some(within) ? within : undefined;
    return this.chooser.ask({ first: [...(one.others || []), ...this.recent], only });
  }

  /** Move a box; what has no label yet is asked for one first. */
  async place(id, xyxy) {
    const one = this.all().find((other) => other.id === id);
    if (one && this.coarse(one)) {
      const name = await this.askLabel(one);
      if (!name) return;
      this.use(name);
      this.change({ kind: "relabel", id, label: name });
    }
    this.change({ kind: "move", id, xyxy });
    this.render();
  }

  cycle(step) {
    const one = this.chosen();
    if (!one) return;
    const key = `${this.shot} ${one.id}`;
    if (this.cycling?.key !== key) {
      const likely = [one.label, ...(one.others || []), ...this.recent].filter((name) => this.labels.has(name));
      this.cycling = { key, names: [...new Set(likely.length > 1 ? likely : [...likely, ...this.labels.keys()])], at: 0 };
    }
    const { names } = this.cycling;
    this.cycling.at = (this.cycling.at + step + names.length) % names.length;
    this.change({ kind: "relabel", id: one.id, label: names[this.cycling.at] });
    this.render();
  }

  do_cycle() { this.cycle(1); }
  do_cycleBack() { this.cycle(-1); }
  do_recent(event) { this.relabel(this.recent[Number(event.key) - 1]); }

  walk(step) {
    const boxes = this.all();
    if (!boxes.length) return;
    const index = boxes.findIndex((one) => one.id === this.selected);
    const from = index < 0 && step < 0 ? 0 : index;
    this.select(boxes[(from + step + boxes.length) % boxes.length].id);
  }

  do_nextBox() { this.walk(1); }
  do_previousBox() { this.walk(-1); }
  do_deselect() { this.select(null); }

  dragged(draft) {
    this.draft = draft;
    this.render();
  }

  drawn({ id, xyxy }) {
    if (!this.shot) return;
    if (id === null) {
      this.add(xyxy);
      if (this.labels.size > 1) this.do_label();
    } else {
      this.place(id, xyxy);
    }
  }

  add(xyxy) {
    const label = this.recent[0] || this.labels.keys().next().value;
    const id = newId();
    this.change({ kind: "draw", boxes: [{ id, label, xyxy }] });
    this.use(label);
    this.select(id);
  }

  do_draw() {
    if (this.shot) this.add(this.view.middle());
  }

  do_copy() {
    const index = this.queue.index;
    const before = this.previousShot && this.store.sheet(this.previousShot) ? this.previousShot : this.queue.ids[index - 1];
    const copied = before && before !== this.shot && this.store.sheet(before)?.boxes;
    if (!copied?.length) { this.say("The previous screenshot has no boxes to copy."); return; }
    const boxes = copied.filter((one) => this.labels.has(one.label))
      .map((one) => ({ id: newId(), label: one.label, xyxy: this.view.inside(one.xyxy) }))
      .filter(({ xyxy }) => xyxy[2] > xyxy[0] && xyxy[3] > xyxy[1]);
    this.change({ kind: "draw", boxes });
    this.select(boxes[0]?.id || null);
  }

  /** Change the edges of the chosen box by keys; saved when the keys rest. */
  adjust(event, edges) {
    const one = this.chosen();
    if (!one) {
      if (event.key === "ArrowRight") this.do_next();
      if (event.key === "ArrowLeft") this.do_previous();
      return;
    }
    const step = event.ctrlKey ? 10 : 1;
    const dx = { ArrowLeft: -step, ArrowRight: step }[event.key] || 0;
    const dy = { ArrowUp: -step, ArrowDown: step }[event.key] || 0;
    const xyxy = edges(one.xyxy, dx, dy);
    if (xyxy[2] - xyxy[0] < 2 || xyxy[3] - xyxy[1] < 2) return;
    this.draft = { id: one.id, xyxy };
    this.render();
    clearTimeout(this.nudging);
    this.nudging = setTimeout(() => this.settleNudge(), NUDGE_MS);
  }

  settleNudge() {
    clearTimeout(this.nudging);
    if (!this.nudging || !this.draft?.id) return;
    this.nudging = null;
    const { id, xyxy } = this.draft;
    this.draft = null;
    this.place(id, xyxy);
  }

  do_nudge(event) {
    this.adjust(event, (xyxy, dx, dy) => moved(xyxy, dx, dy, this.view.size));
  }

  do_growEnd(event) {
    this.adjust(event, ([left, top, right, bottom], dx, dy) => {
      const [width, height] = this.view.size;
      return [left, top, Math.min(width, Math.max(left, right + dx)), Math.min(height, Math.max(top, bottom + dy))];
    });
  }

  do_growStart(event) {
    this.adjust(event, ([left, top, right, bottom], dx, dy) =>
      [Math.max(0, Math.min(right, left + dx)), Math.max(0, Math.min(bottom, top + dy)), right, bottom]);
  }

  // Where a person looks.

  do_next() { return this.open(this.queue.index + 1); }
  do_previous() { return this.open(this.queue.index - 1); }

  do_zoom() {
    const one = this.chosen();
    if (one && this.view.isFitted) this.view.zoomTo(one.xyxy);
    else this.view.fit();
  }

  do_hide() {
    this.isHidden = !this.isHidden;
    find("hide").setAttribute("aria-pressed", String(this.isHidden));
    this.render();
  }

  do_queue() {
    const isNarrow = matchMedia("(max-width: 900px)").matches;
    document.body.classList.toggle(isNarrow ? "with-queue" : "without-queue");
    find("show-queue").setAttribute("aria-expanded", String(document.body.classList.contains("with-queue")));
  }

  do_search() { find("filter-search").focus(); }
  do_help() { find("help").showModal(); }
}

function newId() {
  return `d${crypto.getRandomValues(new Uint32Array(2)).join("").slice(0, 12)}`;
}

const page = new Page();
page.start().catch((error) => banner(find("away"), error.message));
