// The labelling page: puts together what is shown, what is decided and how, and passes keys and buttons on.

import { banner, element, request } from "/static/base/base.js";
import { Chooser } from "./chooser.js";
import { Decisions } from "./decisions.js";
import { Display } from "./display.js";
import { Drawing } from "./drawing.js";
import { actionOf, fillHelp } from "./keys.js";
import { Panel, showProgress } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Pointer } from "./pointer.js";
import { Queue } from "./queue.js";
import { State } from "./state.js";
import { Store } from "./store.js";
import { View } from "./view.js";
import { Walk } from "./walk.js";

const ZOOM = 1.5;
const NUDGES = ["nudge", "growEnd", "growStart"];
const find = (id) => document.getElementById(id);

class Page {
  async start() {
    const given = await request("/api/start");
    this.#build(given);
    document.title = `${given.workspace} · Label · ToonVision`;
    showProgress(find("progress"), given.progress);
    fillHelp(find("help-keys"));
    this.walk.fillFilters(given);
    this.#listen();
    this.panel.showKeyed(this.state.keyed, []);
    await this.store.resume();
    await this.walk.filter(given.position.shot);
  }

  #build(given) {
    const pictures = new Pictures();
    const view = new View({ stage: find("stage"), canvas: find("picture"), overlay: find("overlay") });
    const store = new Store({
      key: given.key,
      onSheet: (shot) => { if (shot === state.shot) display.refresh(); display.showConflict(); },
      onProgress: (progress, row) => { showProgress(find("progress"), progress); queue.update(row); },
      onAway: (away) => banner(find("away"), away ? away.message : ""),
      onError: (text) => display.say(text),
    });
    const state = new State(given, store);
    const panel = new Panel({
      unasked: given.unasked,
      labelOf: (one) => state.labelOf(one),
      label: (name) => state.label(name),
      onAction: (action) => this.act(action),
      onSelect: (id) => drawing.select(id),
      onKeyed: (index) => decisions.relabel(state.keyed[index]),
    });
    const display = new Display({ state, store, view, panel, pictures });
    const queue = new Queue({ onOpen: (index) => walk.open(index), onError: (error) => display.failed(error) });
    const walk = new Walk({ state, store, pictures, queue, display, onLeave: () => this.#leave() });
    this.chooser = new Chooser(given.labels);
    const decisions = new Decisions({ state, store, display, panel, chooser: this.chooser, walk });
    const drawing = new Drawing({ state, store, view, queue, display, decisions, walk });
    const pointer = new Pointer({
      view,
      boxes: () => (state.isHidden ? [] : state.boxes),
      selected: () => state.chosen,
      onSelect: (id) => drawing.select(id),
      onPoint: (point) => drawing.pointedAt(point),
      onDraft: (draft) => drawing.dragged(draft),
      onDone: (draft) => drawing.drawn(draft),
    });
    Object.assign(this, { state, store, view, panel, display, walk, drawing, pointer });
    this.actors = [decisions, drawing, walk, display];
  }

  /** Save what keys have moved, and leave what the pointer drags, before another screenshot is shown. */
  async #leave() {
    await this.drawing.settleNudge();
    this.pointer.abandon();
  }

  #listen() {
    document.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("resize", () => this.display.render());
    find("show-help").addEventListener("click", () => this.act("help"));
    find("context").addEventListener("click", (event) => { event.currentTarget.blur(); this.act("context"); });
    find("show-queue").addEventListener("click", () => this.act("queue"));
    for (const [id, text, title, run] of [
      ["hide", "◌", "Hide and show boxes (h)", () => this.display.do_hide()],
      ["smaller", "−", "Zoom out", () => this.#zoomBy(1 / ZOOM)], ["whole", "⤢", "Whole screenshot", () => this.view.fit()],
      ["larger", "+", "Zoom in", () => this.#zoomBy(ZOOM)],
    ]) {
      const made = element("button", { type: "button", id, text, title });
      made.addEventListener("click", () => { made.blur(); run(); });
      find("zoom").append(made);
    }
  }

  #zoomBy(factor) {
    this.view.zoomAt([this.view.stage.clientWidth / 2, this.view.stage.clientHeight / 2], factor);
  }

  #key(event) {
    if (document.querySelector("dialog[open]")) return;
    if (event.target.matches("input, select")) {
      if (event.key === "Escape" || event.key === "Enter") event.target.blur();
      return;
    }
    if (event.target.matches("button") && (event.key === "Enter" || event.key === " ")) return;
    if (!event.ctrlKey && this.chooser.swallows(event)) {
      this.display.say(`"${event.key}" was ignored: it goes on with the name of the label, which is chosen already.`);
      return;
    }
    const action = actionOf(event);
    if (!action) return;
    event.preventDefault();
    this.act(action, event);
  }

  /** Do what a key or a button asks for: the method `do_…` of what can do it. */
  act(action, event) {
    const { stepping } = this.walk;
    if (stepping && !this.store.away) return stepping.then(() => this.act(action, event)); // it chooses the box
    const settling = NUDGES.includes(action) ? null : this.drawing.settleNudge();
    if (settling) return settling.then(() => this.act(action, event)); // it may ask for a label
    const name = `do_${action}`;
    return this.actors.find((one) => name in one)[name](event);
  }
}

const page = new Page();
page.start().catch((error) => banner(find("away"), error.message));
