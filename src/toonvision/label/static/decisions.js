// What a person decides about proposals, boxes and whole screenshots.

/** States in which somebody said what a screenshot shows, even where that is nothing. */
const SAID_EMPTY = new Set(["source", "done", "empty"]);

export class Decisions {
  constructor({ state, store, display, panel, chooser, walk }) {
    Object.assign(this, { state, store, display, panel, chooser, walk });
  }

  change(change) {
    if (!this.state.shot) return;
    if (this.state.isUnseen && change.kind !== "skip") {
      this.display.say(this.state.unseen);
      return;
    }
    this.store.change(this.state.shot, change).catch((error) => this.display.failed(error));
  }

  /** Return the chosen box; where none is, say so, and what happens all the same, and return null. */
  needed(otherwise = "") {
    const { chosen, boxes, unseen } = this.state;
    const hint = boxes.length ? "No box is chosen. Choose one with Tab, or click it." : "There is no box. Draw one.";
    if (!chosen) this.display.say(unseen || hint + otherwise);
    return chosen;
  }

  /** Choose the proposal after one that is decided. */
  #chooseNext(before) {
    const { state } = this;
    const index = before.findIndex((one) => one.id === state.selected);
    const left = before.slice(index + 1).concat(before.slice(0, Math.max(0, index)));
    state.selected = left.find((one) => state.isProposal(one.id))?.id || null;
    this.display.render();
  }

  /** Give the chosen box a label, by which a proposal is accepted; where none is chosen, the next that is drawn. */
  relabel(name) {
    if (!name) return;
    this.use(name);
    const one = this.needed(` The next one that you draw is called ${this.state.label(name).title}.`);
    if (!one) return;
    const { proposals } = this.state;
    const wasProposal = this.state.isProposal(one.id);
    if (one.label === name && !wasProposal) return;
    this.change({ kind: "relabel", id: one.id, label: name });
    if (wasProposal && proposals.length > 1) this.#chooseNext(proposals);
    this.display.render();
  }

  use(name) {
    this.state.use(name);
    this.panel.showKeyed(this.state.keyed, this.state.likely);
  }

  /** Ask which label a box has: first the likely ones, then those of its class, where the models know that. */
  askLabel(one) {
    const { labels, recent } = this.state;
    const within = [...labels.values()].filter((label) => label.classes.includes(one.label)).map((label) => label.name);
    const first = [...this.state.othersOf(one), ...(this.state.isCoarse(one) ? within : []), ...recent];
    return this.#forThisOne(this.chooser.ask(first));
  }

  /** Return what is chosen; null where nothing is, or another screenshot is shown by then. */
  async #forThisOne(choice) {
    const { shot } = this.state;
    const name = await choice;
    return this.state.shot === shot ? name : null;
  }

  #cycle(step) {
    const one = this.needed();
    if (!one) return;
    const { labels, recent, shot } = this.state;
    const key = `${shot} ${one.id}`;
    if (this.cycling?.key !== key) {
      const likely = [one.label, ...this.state.othersOf(one), ...recent].filter((name) => labels.has(name));
      const names = [...new Set(likely.length > 1 ? likely : [...likely, ...labels.keys()])];
      // A class is none of the labels: then the likeliest comes first.
      this.cycling = { key, names, at: labels.has(one.label) || step < 0 ? 0 : -1 };
    }
    const { names } = this.cycling;
    this.cycling.at = (this.cycling.at + step + names.length) % names.length;
    this.change({ kind: "relabel", id: one.id, label: names[this.cycling.at] });
    this.display.render();
  }

  /** End a review; of a screenshot that no extraction takes, as it is in no context, once that was said. */
  #end(kind) {
    const { state } = this;
    const isLost = state.sheet?.outside && !state.isUnseen && ["confirm", "empty"].includes(kind);
    if (isLost && this.warnedOf !== state.shot) {
      this.warnedOf = state.shot;
      this.display.say("It is in no context, so that toonvision extract leaves it out. Choose one (k), or go on by the same key.");
      return;
    }
    this.change({ kind });
    if (kind === "skip" || !this.state.isUnseen) this.walk.do_next();
  }

  // Actions.

  do_confirm() {
    const { state } = this;
    if (!state.shot) return;
    if (!state.isUnseen && !state.boxes.length && !SAID_EMPTY.has(state.sheet.state)) {
      this.display.say("There is no box. Draw one, or press e if it is empty on purpose.");
      return;
    }
    const unnamed = state.proposals.find((one) => state.isCoarse(one));
    if (!unnamed) {
      this.#end("confirm");
      return;
    }
    this.display.say("This one needs a label first.");
    state.selected = unnamed.id;
    this.display.render();
    this.do_label();
  }

  do_accept() {
    const one = this.needed();
    const { proposals } = this.state;
    if (!one) return;
    if (!this.state.isProposal(one.id)) { this.display.say("The chosen box is no proposal, so there is nothing to accept."); return; }
    if (this.state.isCoarse(one)) { this.do_label(); return; }
    this.change({ kind: "accept", id: one.id });
    this.#chooseNext(proposals);
  }

  do_acceptAll() {
    if (this.state.proposals.some((one) => !this.state.isCoarse(one))) this.change({ kind: "accept_all" });
  }

  do_remove() {
    const one = this.needed();
    const { boxes } = this.state;
    if (!one) return;
    this.change({ kind: "delete", id: one.id });
    this.#chooseNext(boxes);
  }

  do_rejectAll() {
    if (this.state.proposals.length) this.change({ kind: "reject_all" });
  }

  do_empty() { this.#end("empty"); }
  do_skip() { this.#end("skip"); }
  do_unsure() { this.#end("unsure"); }

  do_context() {
    const proposed = this.state.sheet?.proposedContext;
    if (proposed) this.change({ kind: "context", context: proposed.name });
    else this.do_chooseContext();
  }

  async do_chooseContext() {
    const { possibleContexts: possible } = this.state;
    if (!possible.length) this.display.say("Nothing names a context: neither the taxonomy nor a folder of the screenshots.");
    const context = possible.length && await this.#forThisOne(this.chooser.choose("context", possible));
    if (context) this.change({ kind: "context", context });
  }

  async do_label() {
    const one = this.needed();
    const name = one && await this.askLabel(one);
    if (name) this.relabel(name);
  }

  do_cycle() { this.#cycle(1); }
  do_cycleBack() { this.#cycle(-1); }
  do_keyed(event) { this.relabel(this.state.keyed[Number(event.key) - 1]); }
}
