// What a change does to a sheet, as the server does it: the page shows it at once and hears the outcome later.

const REVIEWED = new Set(["done", "empty"]);

/** Return a sheet after a change; what is not there any more changes nothing. */
export function applied(sheet, change) {
  const after = CHANGES[change.kind](sheet, change);
  if (after === sheet) return sheet;
  return { ...after, state: stateOf(sheet, change, after) };
}

function stateOf(before, change, after) {
  if (change.kind === "skip") return "skipped";
  if (change.kind === "unsure") return "unsure";
  const isDone = ["confirm", "empty"].includes(change.kind) || REVIEWED.has(before.state);
  if (!isDone) return "open";
  return after.boxes.length ? "done" : "empty";
}

const CHANGES = {
  accept: (sheet, { id }) => withDecided(sheet, (one) => one.id === id, accepted),
  accept_all: (sheet) => withDecided(sheet, (one) => one.exact !== false, accepted),
  confirm: (sheet) => ({ ...CHANGES.accept_all(sheet) }),
  reject: (sheet, { id }) => withDecided(sheet, (one) => one.id === id, null),
  reject_all: (sheet) => withDecided(sheet, () => true, null),
  relabel: (sheet, { id, label }) => corrected(sheet, id, { label }),
  move: (sheet, { id, xyxy }) => corrected(sheet, id, { xyxy }),
  draw: (sheet, { boxes }) => {
    const taken = new Set([...sheet.boxes, ...sheet.proposals].map((one) => one.id));
    const isRepeated = (one) => sheet.boxes.some((box) => box.label === one.label && String(box.xyxy) === String(one.xyxy));
    const drawn = boxes.filter((one) => !taken.has(one.id) && !isRepeated(one));
    if (!drawn.length) return sheet;
    return { ...sheet, boxes: [...sheet.boxes, ...drawn.map((one) => ({ ...one, origin: "drawn", model: "" }))] };
  },
  delete: (sheet, { id }) => {
    if (sheet.proposals.some((one) => one.id === id)) return CHANGES.reject(sheet, { id });
    const left = sheet.boxes.filter((one) => one.id !== id);
    return left.length === sheet.boxes.length ? sheet : { ...sheet, boxes: left };
  },
  empty: (sheet) => ({ ...sheet, boxes: [], proposals: [] }),
  context: (sheet, { context }) => ({ ...sheet, context, outside: false, proposedContext: null }),
  skip: (sheet) => ({ ...sheet }),
  unsure: (sheet) => ({ ...sheet }),
};

function accepted(proposal) {
  const { id, label, xyxy, model, score } = proposal;
  return { id, label, xyxy, origin: "accepted", model, score };
}

function withDecided(sheet, isMeant, toBox) {
  const decided = sheet.proposals.filter(isMeant);
  if (!decided.length) return sheet;
  const proposals = sheet.proposals.filter((one) => !decided.includes(one));
  return { ...sheet, proposals, boxes: toBox ? [...sheet.boxes, ...decided.map(toBox)] : sheet.boxes };
}

function corrected(sheet, id, fields) {
  const proposal = sheet.proposals.find((one) => one.id === id);
  const before = proposal ? accepted(proposal) : sheet.boxes.find((one) => one.id === id);
  if (!before) return sheet;
  const isSame = Object.entries(fields).every(([name, value]) => String(value) === String(before[name]));
  const after = { ...before, ...fields, origin: isSame || before.origin === "drawn" ? before.origin : "corrected" };
  if (proposal) {
    const proposals = sheet.proposals.filter((one) => one !== proposal);
    return { ...sheet, proposals, boxes: [...sheet.boxes, after] };
  }
  return { ...sheet, boxes: sheet.boxes.map((one) => (one === before ? after : one)) };
}

/** Return the id of the first box or proposal that a step to another sheet brought or changed; undefined if none. */
export function changedBox(before, after) {
  const all = (sheet) => [...sheet.proposals, ...sheet.boxes];
  const plain = (one) => JSON.stringify([one.id, one.label, one.xyxy, one.origin]);
  const was = new Set(all(before).map(plain));
  return all(after).find((one) => !was.has(plain(one)))?.id;
}

/** Return whether two sheets hold the same decisions. */
export function same(one, other) {
  const plain = (sheet) => JSON.stringify([
    sheet.state, sheet.context, sheet.boxes.map((box) => [box.id, box.label, ...box.xyxy]), sheet.proposals.map((box) => box.id).sort(),
  ]);
  return plain(one) === plain(other);
}
