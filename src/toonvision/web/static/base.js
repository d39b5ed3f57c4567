// What all pages share: elements, requests that say what went wrong, and changes that survive a server that is away.

const RETRY_MS = [500, 1000, 2000, 4000];

/** Make an element; text is always text, never HTML. */
export function element(tag, { className = "", text = "", ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Make an element of a drawing; text is always text. */
export function drawn(tag, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** Return black or white, whichever contrasts more with a colour (#rrggbb), by WCAG 2.2. */
export function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const c = parseInt(color.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) ** 2 > 0.05 * 1.05 ? "#000000" : "#ffffff";
}

/** The server said no; `status` is the HTTP status, `answer` what came with it. */
export class Refused extends Error {
  constructor(status, answer) {
    super(answer.error || `The server answered with ${status}.`);
    this.status = status;
    this.answer = answer;
  }
}

const GONE = "The server is away. Start it again in the terminal; what you do here is kept and saved when it is back.";
const LOCKED = "The server was started again. Open the address that the terminal shows now; this page then goes on.";

/** The server cannot be reached, does not know this page any more, or cannot save: to be tried again. */
export class Away extends Error {
  constructor(text = GONE) {
    super(text);
  }
}

/** Send a request; return the answer's JSON. Raises `Away` or `Refused`. */
export async function request(url, { method = "GET", body, headers = {} } = {}) {
  let response;
  try {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    response = await fetch(url, {
      method, cache: "no-store", headers: { "Content-Type": "application/json", ...headers }, ...sent,
    });
  } catch {
    throw new Away();
  }
  return (await checked(response)).json().catch(() => ({}));
}

/** Return a response that is what was asked for. Raises `Away` or `Refused`. */
export async function checked(response) {
  if (response.ok) return response;
  if (response.status === 403) throw new Away(LOCKED);
  const answer = await response.json().catch(() => ({}));
  if (response.status >= 500) throw new Away(answer.error || "The server met an error; see the terminal.");
  throw new Refused(response.status, answer);
}

/** Show a state in a banner: a text that stays until it is replaced by an empty one. */
export function banner(place, text) {
  place.textContent = text;
  place.hidden = !text;
}

/**
 * Changes on their way to the server, in their order. They are kept by the browser until the server has them, so that
 * neither an ended server nor a closed page loses one. Each page keeps its own, under a name that it locks while it
 * lives; those of a page that has gone are sent by the next one that starts.
 */
export class Outbox {
  /**
   * @param key begins the names of the changes in the browser's storage
   * @param send gets a change, returns a promise; rejects with `Away` to be tried again
   * @param onState gets null, or the `Away` that holds the changes up
   * @param onRefused gets a change and the `Refused` that it met; the change is dropped
   */
  constructor({ key, send, onState, onRefused }) {
    Object.assign(this, { key, send, onState, onRefused });
    this.own = `${key}-${crypto.randomUUID()}`;
    this.waiting = [];
    this.attempt = 0;
    this.running = null;
    navigator.locks.request(this.own, () => new Promise(() => {})); // until this page goes
    addEventListener("beforeunload", (event) => { if (this.waiting.length) event.preventDefault(); });
  }

  /**
   * Send what pages left that have gone, one page's changes after another's; resolves when no more of them wait.
   * @param onPage called before those of a page are sent
   */
  async adopt(onPage) {
    for (const left of this.#left()) {
      await navigator.locks.request(left, { ifAvailable: true }, (lock) => { if (lock) this.#take(left); });
      onPage();
      await this.flush();
    }
  }

  #left() {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(this.key) && name !== this.own);
    } catch { return []; }
  }

  #take(left) {
    try { this.waiting.push(...JSON.parse(localStorage.getItem(left)) || []); } catch { /* It is damaged. */ }
    this.#store();
    localStorage.removeItem(left);
  }

  #store() {
    try {
      if (this.waiting.length) localStorage.setItem(this.own, JSON.stringify(this.waiting));
      else localStorage.removeItem(this.own);
    } catch { /* Storage is full or forbidden; the page itself still has them. */ }
  }

  /** Add a change; resolves when all that wait were sent. */
  add(change) {
    this.waiting.push(change);
    this.#store();
    return this.flush();
  }

  /** Send all that wait; resolves when none does. */
  flush() {
    this.running ||= this.#run().finally(() => { this.running = null; });
    return this.running;
  }

  async #run() {
    while (this.waiting.length) {
      const change = this.waiting[0];
      try {
        await this.send(change);
        this.#done();
      } catch (error) {
        if (error instanceof Away) {
          this.onState(error);
          await pause(RETRY_MS[Math.min(this.attempt++, RETRY_MS.length - 1)]);
          continue;
        }
        this.#done();
        if (!(error instanceof Refused)) throw error;
        await this.onRefused(change, error);
      }
    }
  }

  /** Forget some changes; none of them may be on its way. */
  drop(isMeant) {
    this.waiting = this.waiting.filter((change) => !isMeant(change));
    this.#store();
  }

  #done() {
    this.waiting.shift();
    this.#store();
    this.attempt = 0;
    this.onState(null);
  }
}

/** Wait; in milliseconds. */
export function pause(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
