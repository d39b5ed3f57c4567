// Beside the screenshot: its boxes in words, the buttons, and how far the review has come.

import { element, inkOn } from "/static/base/base.js";

const LONGEST_TAG = 32;

const BUTTONS = [
  ["confirm", "Accept all, next", "Enter", "main"], ["previous", "Previous", "p"], ["next", "Next", "n"],
  ["accept", "Accept", "a"], ["remove", "Reject", "x"], ["label", "Label", "l"], ["draw", "Draw", "b"],
  ["empty", "Empty", "e"], ["copy", "Copy last", "v"], ["skip", "Skip", "s"], ["unsure", "Unsure", "m"],
  ["undo", "Undo", "u"], ["redo", "Redo", "r"],
];
const ORIGINS = {
  drawn: "drawn", source: "from the source", accepted: "accepted", corrected: "corrected", unasked: "accepted unasked",
};

export class Panel {
  constructor({ unasked, labelOf, label, onAction, onSelect, onKeyed }) {
    Object.assign(this, { unasked, labelOf, label, onAction, onSelect, onKeyed });
    const buttons = BUTTONS.map(([action, words, key, className = ""]) => {
      const made = element("button", { className, type: "button", title: `${words} (${key})` },
        element("span", { text: words }), element("kbd", { text: key }));
      made.dataset.action = action;
      return made;
    });
    const place = document.getElementById("actions");
    place.replaceChildren(...buttons);
    place.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) { button.blur(); onAction(button.dataset.action); }
    });
    this.boxes = document.getElementById("boxes");
    this.notes = document.getElementById("notes");
    this.keyed = document.getElementById("keyed");
  }

  /** Show a sheet. */
  show(sheet, selected) {
    const rows = [
      ...sheet.proposals.map((one) => this.#row(one, selected, true)),
      ...sheet.boxes.map((one) => this.#row(one, selected, false)),
    ];
    this.boxes.replaceChildren(...rows);
    this.boxes.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
    this.notes.replaceChildren(...sheet.notes.map((text) => element("li", { text })));
  }

  #row(one, selected, isProposal) {
    const { title, color, groups } = this.labelOf(one);
    const swatch = element("span", { className: `swatch ${isProposal ? "proposal" : "decision"}` });
    swatch.style.borderColor = color;
    if (!isProposal) swatch.style.background = color;
    const score = one.score === null || one.score === undefined ? "" : `${Math.round(100 * one.score)} %`;
    const origin = isProposal ? "proposed" : ORIGINS[one.origin] || one.origin;
    const words = [origin, score, groups.join(", "), shortModel(one.model)].filter(Boolean).join(" · ");
    const made = element("li", { className: isProposal ? "proposal" : "", "aria-current": String(one.id === selected) },
      swatch, element("span", { className: "name", text: title }), element("span", { className: "muted", text: words }));
    for (const doubt of (isProposal && one.doubts) || []) made.append(element("span", { className: "doubt", text: `⚠ ${doubt}` }));
    made.title = one.origin === "unasked" ? this.unasked : [title, one.model].filter(Boolean).join("\n");
    made.addEventListener("click", () => this.onSelect(one.id));
    return made;
  }

  /** Show the labels of the keys 1 to 9, the likely ones of the chosen proposal with dashes. */
  showKeyed(names, likely) {
    this.keyed.replaceChildren(...names.map((name, index) => {
      const { title, color } = this.label(name);
      const className = likely.includes(name) ? "likely" : "";
      const made = element("button", { type: "button", className, title }, element("kbd", { text: String(index + 1) }), element("span", { text: title }));
      made.style.borderLeft = `6px solid ${color}`;
      made.addEventListener("click", () => { made.blur(); this.onKeyed(index); });
      return made;
    }));
  }
}

/** Return the models that worked together in few words: those of the package, which is one for each level, as one. */
function shortModel(model) {
  const names = (model || "").split(" + ").map((name) => (name.startsWith("the package's ") ? "the package's models" : name));
  return [...new Set(names)].join(" + ");
}

/** Show how far the review has come. */
export function showProgress(place, progress) {
  const part = (value, words) => element("span", {}, element("strong", { className: "number", text: value }), ` ${words}`);
  const count = (number) => number.toLocaleString("en");
  const share = (one) => `${Math.round(100 * one.share)} %`;
  const bounds = (one) => `${one.interval_95.map((edge) => Math.round(100 * edge)).join("–")} %`;
  const parts = [part(`${count(progress.reviewed)} / ${count(progress.total)}`, "reviewed")];
  parts.push(part(count(progress.left), "left"));
  const pace = progress.perMinute === null ? null : Math.round(progress.perMinute);
  if (pace) parts.push(part(String(pace), pace === 1 ? "box/min" : "boxes/min"));
  for (const [name, words, help] of [
    ["precision", "precision", "Of screenshots without annotations of a source: proposals that you accepted as they were, of all that you decided"],
    ["recall", "recall", "Of screenshots without annotations of a source: objects that had been proposed, of all in those reviewed"],
  ]) {
    const one = progress[name];
    if (!one) continue;
    const made = part(share(one), words);
    made.title = `${help}: ${one.count} of ${one.total}; 95 % interval ${bounds(one)}`;
    made.className = "quality";
    parts.push(made);
  }
  const bar = element("progress", { max: String(progress.total || 1), value: String(progress.reviewed), "aria-label": "Reviewed" });
  place.replaceChildren(bar, ...parts);
}

/** Return what the view needs to draw a box: its colour and its words. */
export function drawable(one, { title, color }, isProposal) {
  const score = isProposal ? ` ${Math.round(100 * one.score)} %` : "";
  const doubt = isProposal && one.doubts?.length ? " ⚠" : "";
  return { ...one, isProposal, color, ink: inkOn(color), text: `${shortened(title)}${score}${doubt}` };
}

function shortened(title) {
  const letters = [...title];
  return letters.length > LONGEST_TAG ? `${letters.slice(0, LONGEST_TAG - 1).join("")}…` : title;
}
