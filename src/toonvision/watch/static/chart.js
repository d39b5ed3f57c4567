// How many of each class there were, second by second, drawn by Plotly.

/** Keeps the counts of a watch, and draws those of the classes of a level. */
export class Chart {
  /**
   * @param place the element that it is drawn in
   * @param about what the server said: `levels` with their classes, and `history_s`, how many seconds are kept
   */
  constructor(place, { levels, history_s: mostSeconds }) {
    Object.assign(this, { place, mostSeconds });
    this.levels = new Map(levels.map((level) => [level.name, level.classes]));
    this.counts = new Map();
    this.level = levels[0]?.name;
    this.span = 300;
    this.waiting = false;
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Take over all that was counted so far, also while this page did not look. */
  load(history) {
    this.counts = new Map(history.map(({ second, counts }) => [second, counts]));
    this.draw();
  }

  /** Count the tracks of a frame; a second keeps the highest number that was there at once. */
  count(data) {
    const second = Math.floor(data.seconds);
    const there = {};
    for (const track of data.tracks) {
      if (track.missing_s) continue;
      for (const [level, name] of Object.entries(track.levels)) {
        there[level] ||= {};
        there[level][name] = (there[level][name] || 0) + 1;
      }
    }
    const isNew = !this.counts.has(second);
    const known = this.counts.get(second) || {};
    for (const [level, names] of Object.entries(there)) {
      known[level] ||= {};
      for (const [name, count] of Object.entries(names)) known[level][name] = Math.max(known[level][name] || 0, count);
    }
    this.counts.set(second, known);
    if (this.counts.size > this.mostSeconds) this.counts.delete(this.counts.keys().next().value);
    if (isNew) this.draw();
  }

  /** Draw, at most once a frame of the screen. */
  draw() {
    if (this.waiting || !window.Plotly) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.#draw(); });
  }

  #draw() {
    const style = getComputedStyle(document.documentElement);
    const [ink, line] = ["--ink", "--line"].map((name) => style.getPropertyValue(name).trim());
    const seconds = [...this.counts.keys()];
    const last = seconds.at(-1) ?? 0;
    const from = Math.max(seconds[0] ?? 0, last - this.span);
    const shown = seconds.filter((second) => second >= from);  // a second without a frame looks like the one before
    const traces = (this.levels.get(this.level) || []).map((one) => ({
      name: one.title, type: "scatter", mode: "lines", line: { color: one.color, width: 2, shape: "hv" },
      x: shown, y: shown.map((second) => this.counts.get(second)?.[this.level]?.[one.name] || 0),
      hovertemplate: `%{y} ${one.title}<extra></extra>`,
    })).filter((trace) => trace.y.some(Boolean));
    const axis = { gridcolor: line, linecolor: line, zeroline: false, fixedrange: true };
    const ticks = tickSeconds(from, last);
    const highest = Math.max(2, ...traces.flatMap((trace) => trace.y));
    const layout = {
      margin: { l: 36, r: 10, t: 6, b: 34 }, height: 260, showlegend: traces.length > 0, hovermode: "x unified",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: ink, family: "system-ui, DejaVu Sans, sans-serif", size: 12 },
      hoverlabel: { bgcolor: style.getPropertyValue("--card").trim(), font: { color: ink } },
      legend: { orientation: "h", y: 1.12, x: 1, xanchor: "right" },
      xaxis: { ...axis, range: [from, Math.max(last, from + 5)], tickvals: ticks, ticktext: ticks.map(clock) },
      yaxis: { ...axis, rangemode: "tozero", range: [0, highest + 0.2], ...(highest <= 8 ? { dtick: 1 } : {}) },
    };
    window.Plotly.react(this.place, traces, layout, { displayModeBar: false, responsive: true });
  }
}

/** Write seconds as minutes and seconds. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pair = (value) => String(value).padStart(2, "0");
  return hours ? `${hours}:${pair(minutes)}:${pair(rest)}` : `${minutes}:${pair(rest)}`;
}

function tickSeconds(from, last) {
  const span = Math.max(5, last - from);
  const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800].find((one) => span / one <= 7) || 3600;
  const first = Math.ceil(from / step) * step;
  return Array.from({ length: Math.floor((from + span - first) / step) + 1 }, (_, at) => first + at * step);
}
