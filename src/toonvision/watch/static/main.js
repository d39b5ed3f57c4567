// The watching page: asks for frames, shows them, and keeps snapshots.

import { Away, Refused, banner, element, inkOn, pause, request } from "/static/base/base.js";
import { Chart, clock } from "/static/watch/chart.js";
import { finest, showFrame } from "/static/watch/view.js";

const by = (id) => document.getElementById(id);
const classes = new Map();
const state = { paused: false, frame: 0, chart: null, isOpen: true, rates: [], quiet: 0 };
const MESSAGE_MS = 5000;
const QUIET = 3; // answers without a picture, a second apart, until that is said
let messageTimer = 0;

function say(text) {
  clearTimeout(messageTimer);
  banner(by("message"), text);
  messageTimer = setTimeout(() => banner(by("message"), ""), MESSAGE_MS);
}

async function start() {
  const about = await request("/about");
  by("title").textContent = about.title;
  document.title = `${about.title} · ToonVision`;
  for (const level of about.levels) {
    for (const one of level.classes) classes.set(`${level.name} ${one.name}`, one);
    by("level").append(element("option", { text: level.name[0].toUpperCase() + level.name.slice(1), value: level.name }));
  }
  by("ways").hidden = !about.has_ways;
  by("snapshot").disabled = !about.can_snapshot;
  if (!about.can_snapshot) by("snapshot").title = "There is no workspace to keep it in: start with -w WORKSPACE";
  by("context").hidden = !about.can_snapshot || about.contexts.length < 2;
  if (about.contexts.length > 1) by("context").append(element("option", { text: "Choose where this is", value: "" }));
  for (const one of about.contexts) by("context").append(element("option", { text: one.title, value: one.name }));
  if (about.context) by("context").value = about.context;
  state.chart = new Chart(by("chart"), about);
  connect();
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/live`);
  const next = () => { if (socket.readyState === WebSocket.OPEN) socket.send("next"); };
  socket.binaryType = "arraybuffer";
  socket.onopen = async () => { banner(by("away"), ""); await catchUp(); next(); };
  socket.onmessage = async ({ data }) => {
    if (typeof data === "string") {
      if (JSON.parse(data).ended) return ended();
      if (++state.quiet === QUIET) banner(by("away"), "No new picture comes. A window that is hidden cannot be watched.");
    } else if (!state.paused) {
      await show(data);
    }
    if (state.paused) {
      while (state.paused && socket.readyState === WebSocket.OPEN) await pause(100); // or the held frame would be forgotten
      await catchUp();
    }
    next();
  };
  socket.onclose = async () => {
    if (!state.isOpen) return;
    banner(by("away"), "The program is away. Start it again in the terminal, and open the address that it shows.");
    await pause(1000);
    connect();
  };
}

/** Let the chart take over what was counted while this page did not look. */
async function catchUp() {
  try {
    state.chart.load(await request("/history"));
  } catch (error) {
    if (!(error instanceof Away)) throw error; // the socket closes, too, and is opened again
  }
}

function ended() {
  state.isOpen = false;
  banner(by("away"), "This is the end: nothing more comes.");
}

async function show(content) {
  const length = new DataView(content).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length)));
  const bitmap = await createImageBitmap(new Blob([new Uint8Array(content, 4 + length)], { type: "image/jpeg" }));
  if (state.paused) return;
  state.frame = data.frame;
  if (state.quiet >= QUIET) banner(by("away"), "");
  state.quiet = 0;
  by("waiting").hidden = true;
  showFrame({ canvas: by("picture"), overlay: by("overlay"), bitmap, data, classes });
  showPace(data);
  showTracks(data);
  state.chart.count(data);
}

function showPace({ seconds, summary, drops }) {
  by("time").textContent = clock(seconds);
  by("rate").textContent = recentRate(summary).toFixed(1);
  by("delay").textContent = `${summary.delay_p50_ms.toFixed(1)} ms`;
  by("delay-95").textContent = `${summary.delay_p95_ms.toFixed(1)} ms`;
  by("drops").textContent = drops.toLocaleString("en");
}

/** Return the frames a second that were handled in the last two seconds. */
function recentRate({ frames, seconds, frames_per_second: whole }) {
  state.rates.push([seconds, frames]);
  while (state.rates.length > 2 && state.rates[0][0] < seconds - 2) state.rates.shift();
  const [[then, before]] = state.rates;
  return seconds - then > 0.5 ? (frames - before) / (seconds - then) : whole;
}

function showTracks({ tracks, seconds }) {
  const there = tracks.filter((track) => !track.missing_s);
  by("count").textContent = there.length ? String(there.length) : "";
  by("nothing").hidden = tracks.length > 0;
  by("tracks").replaceChildren(...tracks.map((track) => trackRow(track, seconds)));
}

function trackRow(track, seconds) {
  const one = finest(track, classes);
  const chip = element("span", { className: "chip number", text: String(track.track) });
  chip.style.background = one.color;
  chip.style.color = inkOn(one.color);
  const share = element("span", { className: "number", text: `${Math.round(100 * one.share)} %` });
  const row = element("li", { className: track.missing_s ? "missing" : "" },
    chip, element("span", { className: "what", text: one.title }), share,
    element("span", { className: "more number", text: moreOf(track, seconds) }));
  return row;
}

function moreOf(track, seconds) {
  const above = Object.entries(track.levels).slice(0, -1)
    .map(([level, name]) => classes.get(`${level} ${name}`)?.title || name);
  const away = track.distance ? [`distance ${track.distance.toFixed(0)}`] : [];
  const trend = track.trend && track.trend !== "steady" ? [track.trend] : [];
  const since = track.missing_s ? `last seen ${track.missing_s.toFixed(1)} s ago` : `for ${clock(seconds - track.since_s)}`;
  return [...above, ...away, ...trend, since].join(" · ");
}

async function snapshot() {
  if (by("snapshot").disabled) return;
  if (!by("context").hidden && !by("context").value) {
    say("Choose first where in the game this is.");
    by("context").focus();
    return;
  }
  try {
    const body = { frame: state.frame, context: by("context").value };
    const kept = await request("/snapshot", { method: "POST", body });
    say(kept.new ? `Kept as ${kept.folder}/${kept.file}; it waits to be labelled.`
      : `Not kept again: ${kept.folder}/${kept.file} shows the same.`);
  } catch (error) {
    if (!(error instanceof Refused || error instanceof Away)) throw error;
    say(error.message);
  }
}

function setPaused(paused) {
  state.paused = paused;
  by("pause").setAttribute("aria-pressed", String(paused));
  by("pause").firstChild.textContent = paused ? "Go on " : "Pause ";
}

function toggleWays() {
  const hidden = by("overlay").classList.toggle("without-ways");
  by("ways").setAttribute("aria-pressed", String(!hidden));
}

by("ways").addEventListener("click", toggleWays);
by("pause").addEventListener("click", () => setPaused(!state.paused));
by("snapshot").addEventListener("click", snapshot);
for (const id of ["ways", "pause", "snapshot"]) by(id).addEventListener("click", () => by(id).blur());
by("level").addEventListener("change", ({ target }) => { state.chart.level = target.value; state.chart.draw(); });
by("span").addEventListener("change", ({ target }) => { state.chart.span = Number(target.value); state.chart.draw(); });
/** Give the keys back to the page once something is chosen: with the mouse at once, with arrows or letters by Enter. */
function leaveOnceChosen(select) {
  let isStepping = false;
  select.addEventListener("pointerdown", () => { isStepping = false; });
  select.addEventListener("keydown", ({ key }) => {
    isStepping = !["Enter", "Escape", " "].includes(key);
    if (key === "Enter" || key === "Escape") select.blur();
  });
  select.addEventListener("change", () => { if (!isStepping) select.blur(); });
}

for (const select of document.querySelectorAll("select")) leaveOnceChosen(select);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) return;
  if (event.target.closest("button") && [" ", "Enter"].includes(event.key)) return; // it is clicked
  const key = event.key.toLowerCase(); // CapsLock changes nothing
  if (key === "s") snapshot();
  else if (key === "w" && !by("ways").hidden) toggleWays();
  else if (key === " ") setPaused(!state.paused);
  else return;
  event.preventDefault();
});
start().catch((error) => banner(by("away"), error.message));
