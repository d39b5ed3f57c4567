// Choosing a label: by its code of two letters, by a part of its name, or with arrows and Enter.

import { element } from "/static/base/base.js";

const SWALLOW_MS = 700;

export class Chooser {
  constructor(labels) {
    this.labels = labels;
    this.dialog = document.getElementById("chooser");
    this.text = document.getElementById("chooser-text");
    this.list = document.getElementById("chooser-list");
    this.swallowUntil = 0;
    this.text.addEventListener("input", () => this.#typed());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("close", () => this.#closed());
  }

  /**
   * Ask for a label; resolves with its name, or null.
   * @param first names of labels that come first
   * @param only a function that says which labels can be chosen
   */
  ask({ first = [], only = () => true } = {}) {
    if (this.dialog.open) return Promise.resolve(null);
    this.chosen = null;
    const possible = this.labels.filter(only);
    const ahead = first.map((name) => possible.find((one) => one.name === name)).filter(Boolean);
    this.possible = [...new Set([...ahead, ...possible])];
    this.text.value = "";
    this.#show(this.possible);
    this.dialog.showModal();
    this.text.focus();
    return new Promise((resolve) => { this.resolve = resolve; });
  }

  /** Return whether a key belongs to a name that was typed beyond its code, and is to be ignored. */
  swallows(event) {
    return event.key.length === 1 && performance.now() < this.swallowUntil && /[a-z ]/i.test(event.key);
  }

  #typed() {
    const typed = this.text.value.trim().toLowerCase();
    const coded = this.possible.find((one) => one.code === typed);
    if (coded) {
      this.swallowUntil = performance.now() + SWALLOW_MS;
      this.#choose(coded);
      return;
    }
    const words = (one) => `${one.title} ${one.name} ${one.groups.join(" ")}`.toLowerCase().split(/[\s_]+/);
    const isMeant = (one) => one.code.startsWith(typed) || words(one).some((word) => word.startsWith(typed));
    this.#show(this.possible.filter((one) => !typed || isMeant(one)));
  }

  #show(found) {
    this.found = found;
    this.active = 0;
    this.list.replaceChildren(...found.map((one, index) => {
      const swatch = element("span", { className: "swatch" });
      swatch.style.background = one.color;
      const row = element("li", { role: "option", "aria-selected": String(index === 0) },
        element("kbd", { text: one.code }), swatch, element("span", { text: one.title }),
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
    this.chosen = label.name;
    this.dialog.close();
  }

  #closed() {
    this.resolve?.(this.chosen);
    this.resolve = null;
  }
}
