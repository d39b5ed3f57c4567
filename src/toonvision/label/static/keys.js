// The keys: one table, from which presses are understood and the help is made.

import { element } from "/static/base/base.js";

/** Each key as `event.key` has it, or several; what it does; whether Shift, Ctrl or Alt are held. */
export const KEYS = [
  ["Decide", [
    [["Enter"], "confirm", "Accept all that is left, and next"],
    [["a"], "accept", "Accept the chosen proposal"],
    [["A"], "acceptAll", "Accept all, and stay"],
    [["x", "Delete", "Backspace"], "remove", "Reject the proposal, or delete the box"],
    [["X"], "rejectAll", "Reject all proposals"],
    [["e"], "empty", "Empty on purpose, and next"],
    [["s"], "skip", "Skip, and next"],
    [["m"], "unsure", "Unsure (maybe), and next"],
    [["k"], "context", "Accept the proposed context, or choose one"],
    [["K"], "chooseContext", "Choose another context"],
    [["u", "Ctrl+z"], "undo", "Undo, whatever screenshot it was"],
    [["r", "Ctrl+y", "Ctrl+Z"], "redo", "Redo"],
  ]],
  ["Labels", [
    [["l"], "label", "Choose a label: then its two letters"],
    [["c"], "cycle", "Next likely label"],
    [["C"], "cycleBack", "The one before"],
    [["1", "2", "3", "4", "5", "6", "7", "8", "9"], "keyed", "A likely label, or one used last"],
  ]],
  ["Boxes", [
    [["Tab"], "nextBox", "Choose the next box"],
    [["Shift+Tab"], "previousBox", "Choose the one before"],
    [["b"], "draw", "Draw a box in the middle; with the mouse: drag, or click what a model may see (Shift: over others)"],
    [["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], "nudge", "Move the chosen box by a pixel (Ctrl: ten)"],
    [["Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], "growEnd", "Move its right or lower edge"],
    [["Alt+ArrowLeft", "Alt+ArrowRight", "Alt+ArrowUp", "Alt+ArrowDown"], "growStart", "Move its left or upper edge"],
    [["v"], "copy", "Copy the boxes of the previous screenshot"],
    [["Escape"], "deselect", "Choose nothing"],
  ]],
  ["Look", [
    [["n", "PageDown"], "next", "Next screenshot"],
    [["p", "PageUp"], "previous", "Previous screenshot"],
    [["z"], "zoom", "Zoom to the box, and back; the wheel zooms too"],
    [["h"], "hide", "Hide and show boxes"],
    [["g"], "queue", "Show and hide the list"],
    [["/"], "search", "Search a file name"],
    [["?"], "help", "These keys"],
    [["T"], "train", "End the review and train, where --then-train names tasks"],
  ]],
];

const ACTIONS = new Map(KEYS.flatMap(([, rows]) => rows.flatMap(([keys, action]) => keys.map((key) => [key, action]))));

/** Return the action that a key press asks for; undefined where it asks for none. */
export function actionOf(event) {
  if (event.metaKey && event.key.toLowerCase() !== "z") return undefined;
  const control = event.ctrlKey || event.metaKey;
  const isArrow = event.key.startsWith("Arrow");
  const shift = event.shiftKey && (isArrow || event.key === "Tab");
  const key = /^[a-z]$/i.test(event.key) ? event.key[event.shiftKey ? "toUpperCase" : "toLowerCase"]() : event.key; // whatever CapsLock is
  const name = `${shift ? "Shift+" : ""}${event.altKey ? "Alt+" : ""}${control && !isArrow ? "Ctrl+" : ""}${key}`;
  return ACTIONS.get(name);
}

/** Fill the help. */
export function fillHelp(place) {
  place.replaceChildren(...KEYS.map(([title, rows]) => element("section", {}, element("h3", { text: title }),
    element("dl", {}, ...rows.flatMap(([keys, , words]) => [
      element("dt", {}, ...shortened(keys).map((key) => element("kbd", { text: key }))), element("dd", { text: words }),
    ])))));
}

function shortened(keys) {
  if (keys[0] === "1") return ["1", "…", "9"];
  const arrows = keys.filter((key) => key.includes("Arrow"));
  if (arrows.length) return [...new Set(arrows.map((key) => key.replace(/Arrow\w+/, "←↑→↓").replace("+", " ")))];
  const words = { Delete: "Del", Backspace: "⌫", Escape: "Esc", PageDown: "PgDn", PageUp: "PgUp" };
  return keys.map((key) => {
    const upper = /^[A-Z]$/.test(key) ? `Shift ${key}` : key.replace("Ctrl+Z", "Ctrl Shift Z").replace("+", " ");
    return words[key] || upper;
  });
}
