// What is shown: the screenshot with its boxes, what it is called, and what went wrong.

import { Away, banner, element } from "/static/base/base.js";
import { drawable } from "./panel.js";

const MESSAGE_MS = 4000;
const UNSEEN = "This screenshot cannot be shown, so that nothing can be decided about it. Skip it, or go on.";
const STATES = { new: "not annotated", source: "annotated by the source", done: "reviewed", open: "begun" };
const find = (id) => document.getElementById(id);

export class Display {
  constructor({ state, store, view, panel, pictures }) {
    Object.assign(this, { state, store, view, panel, pictures });
  }

  showPicture() {
    const { shot, sheet } = this.state;
    find("stage-note").hidden = true;
    this.state.unseen = "";
    this.view.show(this.pictures.ready(shot), sheet.size);
    this.state.selected = sheet.proposals[0]?.id || null;
    this.render();
    requestAnimationFrame(() => { document.body.dataset.shown = shot; });
  }

  showNothing() {
    this.state.shot = undefined;
    this.state.unseen = "";
    this.#clear("Nothing to show", "No screenshot passes the filters. Choose another state, context or label.");
  }

  /** Show that the screenshot of a name cannot be shown, and why. */
  showProblem(name, error) {
    this.state.unseen = UNSEEN;
    this.#clear(name, error.message);
    this.failed(error);
  }

  #clear(title, note) {
    this.view.clear();
    this.panel.show({ boxes: [], proposals: [], notes: [] }, null);
    find("title").textContent = title;
    find("why").textContent = "";
    this.#showContext(null);
    find("stage-note").textContent = note;
    find("stage-note").hidden = false;
    document.body.dataset.shown = "";
  }

  render() {
    const { state } = this;
    const { sheet } = state;
    if (!sheet || state.isUnseen) return;
    if (!state.boxes.some((one) => one.id === state.selected)) state.selected = null;
    find("title").textContent = sheet.name;
    const context = state.contexts.size > 1 ? state.contexts.get(sheet.context)?.title : "";
    const words = [STATES[sheet.state] || sheet.state, context, sheet.why];
    find("why").textContent = words.filter(Boolean).join(" · ");
    this.#showContext(sheet.proposedContext, sheet.outside);
    this.panel.show(sheet, state.selected);
    this.panel.showKeyed(state.keyed, state.likely);
    this.view.draw({
      boxes: sheet.boxes.map((one) => this.#drawable(one, false)),
      proposals: sheet.proposals.map((one) => this.#drawable(one, true)),
      selected: state.selected,
      isHidden: state.isHidden,
      draft: state.draft?.id === null ? this.#newBox() : null,
    });
  }

  /** Show what a sheet has become; and its picture, where that was replaced by another one of its name. */
  async refresh() {
    this.render();
    const { shot, sheet, isUnseen } = this.state;
    if (!sheet || isUnseen || !this.pictures.ready(shot) || this.pictures.ready(shot, sheet.picture)) return;
    try {
      await this.pictures.get(shot, sheet.picture);
    } catch (error) {
      if (error instanceof Away) this.failed(error);
      else if (this.state.shot === shot) this.showProblem(sheet.name, error);
      return;
    }
    if (this.state.shot === shot) this.showPicture();
  }

  /** Show a button that accepts the context that is proposed, or asks for one where the screenshot is in none. */
  #showContext(proposed, isOutside = false) {
    const button = find("context");
    button.hidden = !proposed && !isOutside;
    const title = proposed && (this.state.contexts.get(proposed.name)?.title || proposed.name);
    button.title = proposed ? `The colours look like ${title}. Accept it (k)` : "Choose where it was taken (k)";
    const text = proposed ? `${title}? ${Math.round(100 * proposed.score)} %` : "Choose a context";
    button.replaceChildren(element("span", { text }), element("kbd", { text: "k" }));
  }

  #drawable(one, isProposal) {
    return drawable(this.state.drafted(one), this.state.labelOf(one), isProposal);
  }

  #newBox() {
    const { color } = this.state.label(this.state.recent[0] || "");
    return { xyxy: this.state.draft.xyxy, color, text: "" };
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
    const again = element("button", { type: "button", text: conflict.why ? "Do it again" : "Do it here too" });
    const leave = element("button", { type: "button", text: "Leave it" });
    again.addEventListener("click", () => this.store.settle(conflict, true).catch((error) => this.failed(error)));
    leave.addEventListener("click", () => this.store.settle(conflict, false));
    const what = conflict.changes.length === 1 ? "Your last change was" : `Your last ${conflict.changes.length} changes were`;
    const reason = conflict.why ? `${conflict.name}: ${conflict.why}.` : `${conflict.name} was changed in another tab, or by another program.`;
    const words = `${reason} ${what} not saved. `;
    place.replaceChildren(element("span", { text: words }), again, " ", leave);
  }

  // Actions.

  do_zoom() {
    const one = this.state.chosen;
    if (one && this.view.isFitted) this.view.zoomTo(one.xyxy);
    else this.view.fit();
  }

  do_hide() {
    this.state.isHidden = !this.state.isHidden;
    find("hide").setAttribute("aria-pressed", String(this.state.isHidden));
    this.render();
  }

  do_help() { find("help").showModal(); }
}
