// What the page is about at this moment: the screenshot, its boxes, which one is chosen, and what labels are called.

const GREY = "#666666";
const MOST_RECENT = 9;
const MOST_LIKELY = 3;
const NEAR = 0.3;

export class State {
  /**
   * @param given what the server said at the start
   * @param store the sheets
   */
  constructor(given, store) {
    this.store = store;
    this.labels = new Map(given.labels.map((one) => [one.name, one]));
    this.classes = given.classes;
    this.sameObject = given.same_object; // overlap from which on two boxes are of one object
    this.then = given.then; // the tasks that are trained once the review ends
    this.contexts = new Map(given.contexts.map((one) => [one.name, one]));
    this.recent = (given.position.recent || []).filter((name) => this.labels.has(name));
    this.shot = undefined;
    this.previousShot = undefined;
    this.selected = null;
    this.draft = null; // a box that is being drawn or moved, and not saved yet
    this.isHidden = false;
    this.unseen = ""; // why nothing can be decided about a screenshot that is not shown; empty where it is
  }

  get isUnseen() {
    return this.unseen !== "";
  }

  get sheet() {
    return this.shot && this.store.sheet(this.shot);
  }

  get proposals() {
    return this.isUnseen ? [] : this.sheet?.proposals || [];
  }

  /** All boxes, decided or not. */
  get boxes() {
    return this.isUnseen ? [] : [...this.proposals, ...(this.sheet?.boxes || [])];
  }

  /** The chosen box as it is seen now; null where there is none. */
  get chosen() {
    const found = this.boxes.find((one) => one.id === this.selected);
    return found ? this.drafted(found) : null;
  }

  /** A box at the place where it is being moved to. */
  drafted(one) {
    return this.draft?.id === one.id ? { ...one, xyxy: this.draft.xyxy } : one;
  }

  label(name) {
    return this.labels.get(name) || { name, title: name, color: GREY, groups: ["no label of the taxonomy"], classes: [] };
  }

  /** What a box or a proposal is called: by its label, or by the class that is all that the models know. */
  labelOf(one) {
    const found = this.isCoarse(one) && this.classes[one.level]?.[one.label];
    return found ? { ...found, groups: ["which one is yours to say"] } : this.label(one.label);
  }

  /** Whether the models know only a class of a proposal, so that a person has to say its label. */
  isCoarse(one) {
    return one.exact === false;
  }

  /** The contexts that a screenshot can be said to be in. */
  get possibleContexts() {
    return [...this.contexts.values()].filter((one) => one.isKnown);
  }

  isProposal(id) {
    return this.proposals.some((one) => one.id === id);
  }

  /** The likely labels of the chosen proposal, or of a box that was drawn, but its own. */
  get likely() {
    const { chosen } = this;
    return chosen ? this.othersOf(chosen).filter((name) => name !== chosen.label).slice(0, MOST_LIKELY) : [];
  }

  /** What else the models take a box for. */
  othersOf(one) {
    if (this.isProposal(one.id)) return one.others || [];
    return one.origin === "drawn" ? this.seenAt(one.xyxy) : [];
  }

  /** The likely labels of what models see at a place, though not surely enough to propose it. */
  seenAt(xyxy) {
    const near = (this.sheet?.hidden || []).map((one) => ({ ...one, share: overlap(one.xyxy, xyxy) }));
    const [nearest] = near.filter((one) => one.share >= NEAR).sort((one, other) => other.share - one.share);
    return (nearest?.labels || []).filter((name) => this.labels.has(name));
  }

  /** What models see at a point, x and y, where no box is yet, though not surely enough to propose it. */
  seenUnder([x, y]) {
    const { boxes } = this;
    const found = this.isUnseen ? [] : (this.sheet?.hidden || []).filter(({ xyxy: [left, top, right, bottom] }) =>
      x >= left && x <= right && y >= top && y <= bottom);
    const far = ({ xyxy: [left, top, right, bottom] }) =>
      Math.hypot((2 * x - left - right) / (right - left), (2 * y - top - bottom) / (bottom - top));
    return found.filter(({ xyxy }) => boxes.every((one) => overlap(one.xyxy, xyxy) < this.sameObject))
      .sort((one, other) => far(one) - far(other))[0];
  }

  /** The labels that the keys 1 to 9 stand for: the likely ones, then those that were used last. */
  get keyed() {
    return [...new Set([...this.likely, ...this.recent])].slice(0, MOST_RECENT);
  }

  /** Note that a label was used last. */
  use(name) {
    this.recent = [name, ...this.recent.filter((other) => other !== name)].slice(0, MOST_RECENT);
  }
}

/** Return the intersection over union of two boxes, 0 to 1. */
function overlap(one, other) {
  const wide = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const high = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  const both = Math.max(0, wide) * Math.max(0, high);
  return both / (area(one) + area(other) - both);
}

function area([left, top, right, bottom]) {
  return (right - left) * (bottom - top);
}
