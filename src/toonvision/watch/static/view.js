// The picture and what is known of it: pixels on a canvas, boxes and texts above it as SVG.

import { drawn, inkOn } from "/static/base/base.js";

/** Pixels of the screen below which a shown picture has room for the numbers of tracks alone; the list names them. */
const NARROW = 600;

/** Return the class of a track at its finest level, with title and colour; grey before anything is said of it. */
export function finest(track, classes) {
  const [level, name] = Object.entries(track.levels).at(-1) || ["", track.label];
  const known = classes.get(`${level} ${name}`) || { name, title: name, color: "#666666" };
  return { ...known, share: track.confidences[level] ?? 0 };
}

/** Show a frame: `bitmap` is its picture, `data` what came with it. */
export function showFrame({ canvas, overlay, bitmap, data, classes }) {
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  const [width, height] = data.size;
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const shown = overlay.clientWidth ? width / overlay.clientWidth : 1;
  const taken = [];
  const boxes = data.tracks.map((track) => trackBox(track, classes, shown, data.size));
  const texts = data.tracks.map((track) => trackText(track, classes, shown, data.size, taken));
  overlay.replaceChildren(...waysOf(data, shown), ...boxes, ...texts);
}

/** Return the ground that one can walk on, a column for each direction, with how far it is free; nothing without ways. */
function waysOf({ ways = [], size: [width, height] }, unit) {
  const group = drawn("g", { class: "ways" });
  const wide = width / (ways.length || 1), size = 11 * unit;
  const roomy = wide > 3.4 * size;
  for (const [at, { top, free }] of ways.entries()) {
    if (top >= 1) continue;
    const y = top * height;
    group.append(
      drawn("rect", { class: "free", x: at * wide, y, width: wide, height: height - y }),
      drawn("path", { class: "end", d: `M${at * wide} ${y}h${wide}`, "stroke-width": 2 * unit }),
    );
    if (roomy || at % 3 === 1) {
      const text = free === null ? "∞" : free.toFixed(free < 10 ? 1 : 0);
      group.append(drawn("text", { x: (at + 0.5) * wide, y: height - 0.9 * size, "font-size": size }, text));
    }
  }
  return ways.length ? [group] : [];
}

/** Return a track's box within the frame; `unit` is how many pixels of the frame a pixel of the screen is. */
function trackBox(track, classes, unit, size) {
  const [left, top, right, bottom] = withinFrame(track.box, size);
  const group = drawn("g", { class: track.missing_s ? "missing" : "" });
  group.append(drawn("rect", {
    class: "box", x: left, y: top, width: right - left, height: bottom - top,
    stroke: finest(track, classes).color, "stroke-width": 2.5 * unit, rx: 2 * unit,
  }));
  return group;
}

/** Return what stands above a track's box, where it hides no text of those that are `taken`; it is added to them. */
function trackText(track, classes, unit, [frameWidth, frameHeight], taken) {
  const one = finest(track, classes);
  const [left, top] = withinFrame(track.box, [frameWidth, frameHeight]);
  const size = 13 * unit, high = 1.5 * size;
  const isNarrow = frameWidth / unit < NARROW;
  const more = track.missing_s ? "?" : isNarrow ? "" : ` ${one.title} ${Math.round(100 * one.share)} %`;
  const text = `${track.track}${more}`;
  const wide = (text.length * 0.6 + 0.8) * size;
  const x = Math.max(0, Math.min(left, frameWidth - wide));
  const y = freeTop([x, x + wide], high, Math.max(0, top - high), taken, frameHeight);
  taken.push({ left: x, right: x + wide, top: y, bottom: y + high });
  const group = drawn("g", { class: track.missing_s ? "missing" : "" });
  group.append(
    drawn("rect", { x, y, width: wide, height: high, fill: one.color, rx: 3 * unit }),
    drawn("text", { x: x + 0.4 * size, y: y + 0.78 * size, fill: inkOn(one.color), "font-size": size }, text),
  );
  return group;
}

/** Return the upper edge of a text: where it is wanted, or else the nearest free place, in the frame if it can be. */
function freeTop([left, right], high, wanted, taken, frameHeight) {
  const beside = taken.filter((one) => left < one.right && one.left < right);
  const places = [wanted, ...beside.map((one) => one.top - high), ...beside.map((one) => one.bottom)];
  const isFree = (top) => top >= 0 && beside.every((one) => top + high <= one.top || one.bottom <= top);
  const cost = (top) => Math.abs(top - wanted) + (top + high > frameHeight ? frameHeight : 0);
  return places.filter(isFree).sort((a, b) => cost(a) - cost(b))[0];
}

function withinFrame(box, size) {
  return box.map((value, at) => Math.max(0, Math.min(value, size[at % 2])));
}
