// Choosing a label, or a context: by its code of two letters, by a part of its name, or with arrows and Enter.

import { element } from "/static/base/base.js";

const SWALLOW_MS = 400; // who types a name faster than this does not press commands

export class Chooser {
  constructor(labels) {
    this.labels = labels;
    this.dialog = document.getElementById("chooser");
    this.text = document.getElementById("chooser-text");
    this.list = document.getElementById("chooser-list");
    this.swallowUntil = 0;
    this.rest = "";
    this.text.addEventListener("input", () => this.#typed());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("close", () => { if (!this.dialog.open) this.#answer(null); }); // it may be open again
  }

  /**
   * Ask for a label; resolves with its name, or null.
   * @param first names of labels that come first
   */
  ask(first) {
    const ahead = first.map((name) => this.labels.find((one) => one.name === name)).filter(Boolean);
    return this.choose("label", [...new Set([...ahead, ...this.labels])]);
  }

  /**
   * Ask for one of several things; resolves with its name, or null.
   * @param what they are, in a word
   * @param possible each with `name`, `title`, `color`, `code` and `groups`
   */
  choose(what, possible) {
    if (this.dialog.open) return Promise.resolve(null);
    this.possible = possible;
    this.text.placeholder = `Choose a ${what}`;
    for (const place of [this.dialog, this.text]) place.setAttribute("aria-label", `Choose a ${what}`);
    this.text.value = "";
    this.#show(this.possible);
    this.dialog.showModal();
    this.text.focus();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  /** Return whether a key goes on with a name whose first letters have chosen it already, and is to be ignored. */
  swallows(event) {
    if (performance.now() > this.swallowUntil) return false;
    const goesOn = this.rest.length > 0 && event.key.toLowerCase() === this.rest[0];
    this.rest = goesOn ? this.rest.slice(1) : "";
    this.swallowUntil = performance.now() + SWALLOW_MS;
    return goesOn;
  }

  #typed() {
    const typed = this.text.value.trim().toLowerCase();
    const coded = this.possible.find((one) => one.code === typed);
    if (coded) {
      const title = coded.title.toLowerCase();
      this.rest = title.startsWith(typed) ? title.slice(typed.length) : "";
      this.swallowUntil = performance.now() + SWALLOW_MS;
      this.#choose(coded);
      return;
    }
    const parts = (text) => text.toLowerCase().split(/[\s_]+/);
    const words = (one) => parts(`${one.title} ${one.name} ${one.groups.join(" ")}`);
    const begins = (one) => parts(typed).every((part) => words(one).some((word) => word.startsWith(part)));
    const isMeant = (one) => one.code.startsWith(typed) || begins(one);
    this.#show(this.possible.filter((one) => !typed || isMeant(one)));
  }

  #show(found) {
    this.found = found;
    this.active = 0;
    this.list.replaceChildren(...found.map((one, index) => {
      const swatch = element("span", { className: "swatch" });
      swatch.style.background = one.color;
      const row = element("li", { role: "option", "aria-selected": String(index === 0) },
        element("kbd", { text: one.code }), swatch, element("span", { className: "name", text: one.title, title: one.title }),
        element("span", { className: "muted", text: one.groups.join(", ") }));
      row.addEventListener("click", () => this.#choose(one));
      return row;
    }));
  }

  #key(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.found[this.active]) this.#choose(this.found[this.active]);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = Math.max(0, Math.min(this.found.length - 1, this.active + step));
      [...this.list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === this.active)));
      this.list.children[this.active]?.scrollIntoView({ block: "nearest" });
    }
    event.stopPropagation();
  }

  #choose(label) {
    this.text.blur(); // or the next key would still be the field's
    this.#answer(label.name); // at once: the event of closing comes after keys that are pressed by now
    this.dialog.close();
  }

  #answer(name) {
    this.resolve?.(name);
    this.resolve = null;
  }
}
