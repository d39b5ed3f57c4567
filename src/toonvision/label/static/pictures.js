// Pictures, decoded and ready to be drawn, those that come next among them.

import { Away, checked, pause } from "/static/base/base.js";

const MOST_KEPT = 10;

export class Pictures {
  constructor() {
    this.kept = new Map();
  }

  /**
   * Return a promise of a picture as an ImageBitmap.
   * @param stamp what its sheet says of its file; where another one was fetched, it is fetched anew
   */
  get(shot, stamp) {
    const known = this.kept.get(shot);
    const wanted = known && !isOld(known, stamp) ? known : this.#fetch(shot);
    if (known && known !== wanted) drop(known);
    this.kept.delete(shot);
    this.kept.set(shot, wanted);
    this.#trim();
    return wanted.promise;
  }

  /** Return a picture that is ready, of any stamp where none is given; null where it is not. */
  ready(shot, stamp) {
    const known = this.kept.get(shot);
    return known && !isOld(known, stamp) ? known.bitmap : null;
  }

  #fetch(shot) {
    const wanted = { bitmap: null, stamp: "" };
    wanted.promise = fetched(shot).then((found) => Object.assign(wanted, found).bitmap);
    wanted.promise.catch(() => { if (this.kept.get(shot) === wanted) this.kept.delete(shot); });
    return wanted;
  }

  #trim() {
    for (const [shot, old] of this.kept) {
      if (this.kept.size <= MOST_KEPT) return;
      this.kept.delete(shot);
      drop(old);
    }
  }
}

function isOld(known, stamp) {
  return Boolean(known.bitmap && stamp && known.stamp !== stamp);
}

function drop(old) {
  old.promise.then((bitmap) => bitmap.close(), () => {});
}

async function fetched(shot, attempt = 0) {
  let response;
  try {
    response = await fetch(`/pictures/${shot}`, { cache: "no-store" });
  } catch {
    if (attempt >= 2) throw new Away();
    await pause(300);
    return fetched(shot, attempt + 1);
  }
  await checked(response);
  const stamp = (response.headers.get("ETag") || "").replaceAll('"', "");
  return { bitmap: await createImageBitmap(await response.blob()), stamp };
}
