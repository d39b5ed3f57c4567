// The sheets that the page knows, the decisions that are on their way, and what the server said to them.

import { Outbox, Refused, request } from "/static/base/base.js";
import { applied, changedBox, same } from "./sheet.js";

const MOST_KNOWN = 60;

export class Store {
  /**
   * @param key names the workspace in the browser's storage
   * @param onSheet gets the id of a screenshot whose sheet, or what is kept of it, has changed
   * @param onProgress gets the progress and the row of the queue that a decision changed
   * @param onAway gets an `Away`, or null
   * @param onError gets a text
   */
  constructor({ key, onSheet, onProgress, onAway, onError }) {
    Object.assign(this, { onSheet, onProgress, onError });
    this.sheets = new Map();
    this.conflicts = [];
    addEventListener("beforeunload", (event) => { if (this.conflicts.length) event.preventDefault(); });
    this.outbox = new Outbox({
      key: `toonvision-label-${key}`,
      send: (entry) => this.#send(entry),
      onState: (away) => { this.away = away; onAway(away); },
      onRefused: (entry, error) => this.#refused(entry, error),
    });
  }

  /** Save what pages left that have gone; each page decided on the sheets that it saw. */
  resume() {
    return this.outbox.adopt(() => this.sheets.clear());
  }

  /** Return a sheet with the decisions that are on their way; undefined where it was not loaded. */
  sheet(shot) {
    const known = this.sheets.get(shot);
    return known && this.#pending(shot).reduce((sheet, entry) => applied(sheet, entry.change), known);
  }

  #pending(shot) {
    return this.outbox.waiting.filter((entry) => entry.shot === shot);
  }

  /** Load a sheet from the server. */
  async load(shot) {
    const before = this.sheets.get(shot);
    const sheet = await request(`/api/sheets/${shot}`);
    const known = this.sheets.get(shot);
    const isNewer = known && known !== before; // a decision was made and saved while this answer was on its way
    if (!isNewer && !this.#pending(shot).length) this.#keep(sheet);
    return this.sheet(shot);
  }

  #keep(sheet) {
    const before = this.sheets.get(sheet.id);
    this.sheets.delete(sheet.id);
    this.sheets.set(sheet.id, sheet);
    for (const id of this.sheets.keys()) {
      if (this.sheets.size <= MOST_KNOWN) break;
      if (!this.#pending(id).length) this.sheets.delete(id);
    }
    if (before?.version !== sheet.version) this.onSheet(sheet.id);
  }

  /** Decide: the sheet has the change at once, the server as soon as it can. */
  change(shot, change) {
    const base = this.sheets.get(shot)?.version;
    const sent = this.outbox.add({ shot, change, base });
    this.onSheet(shot);
    return sent;
  }

  async #send(entry) {
    if (entry.step) {
      const answer = await request(`/api/${entry.step}`, { method: "POST", body: {} });
      if (answer.sheet) this.#keepStep(answer.sheet);
      else this.onError(entry.step === "undo" ? "Nothing to undo." : "Nothing to do again.");
      if (answer.sheet) this.onProgress(answer.progress, answer.row);
      return;
    }
    const version = this.sheets.get(entry.shot)?.version ?? entry.base;
    const answer = await request(`/api/sheets/${entry.shot}/changes`, {
      method: "POST", body: entry.change, headers: { "If-Match": `"${version}"` },
    });
    this.sheets.set(entry.shot, answer.sheet);
    queueMicrotask(() => this.onSheet(entry.shot));
    this.onProgress(answer.progress, answer.row);
  }

  #keepStep(sheet) {
    const before = this.sheets.get(sheet.id);
    this.stepped = { sheet, box: before && changedBox(before, sheet) };
    this.#keep(sheet);
  }

  /** Take back or repeat the last decision of all; returns its `sheet`, and the id of the `box` that it was about. */
  async step(name) {
    const last = this.outbox.waiting.length - 1;
    const entry = this.outbox.waiting[last];
    if (name === "undo" && last > 0 && entry.change && this.away) {
      const before = this.sheet(entry.shot);
      this.outbox.drop((one) => one === entry);
      this.onSheet(entry.shot);
      const sheet = this.sheet(entry.shot);
      return sheet && { sheet, box: changedBox(before, sheet) };
    }
    this.stepped = null;
    await this.outbox.add({ step: name });
    return this.stepped;
  }

  async #refused(entry, error) {
    if (entry.step) return this.onError(error.message);
    const current = error.status === 412 && error.answer.sheet;
    if (current) {
      this.sheets.set(entry.shot, current);
      return this.#keepBack(entry);
    }
    try {
      await this.load(entry.shot);
    } catch (reason) {
      if (reason instanceof Refused) return this.#keepBack(entry, reason.message); // nothing can be decided at present
    }
    this.onSheet(entry.shot);
    return this.onError(error.message);
  }

  /** Keep a change that was refused, and those after it of its screenshot, until a person says what becomes of them. */
  #keepBack(entry, why = "") {
    const { shot } = entry;
    const later = this.#pending(shot);
    this.outbox.drop((one) => later.includes(one));
    const changes = [entry, ...later].map((one) => one.change);
    const current = this.sheets.get(shot);
    const before = this.conflicts.find((one) => why && one.why && one.shot === shot);
    if (before) before.changes.push(...changes);
    else if (why || !same(changes.reduce(applied, current), current)) {
      this.conflicts.push({ shot, name: current?.name || "A screenshot", changes, why });
    }
    this.onSheet(shot);
  }

  /** End a conflict: make the changes on what is there now, or leave them. Raises `Refused` where none can be made. */
  async settle(conflict, again) {
    if (again && conflict.why) await this.load(conflict.shot);
    if (!this.conflicts.includes(conflict)) return;
    this.conflicts = this.conflicts.filter((one) => one !== conflict);
    if (again) for (const change of conflict.changes) this.change(conflict.shot, change);
    this.onSheet(conflict.shot);
  }
}
