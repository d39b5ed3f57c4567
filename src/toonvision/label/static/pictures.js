// Pictures, decoded and ready to be drawn, those that come next among them.

import { Away, pause } from "/static/base/base.js";

const MOST_KEPT = 10;

export class Pictures {
  constructor() {
    this.kept = new Map();
  }

  /** Return a promise of a picture as an ImageBitmap. */
  get(shot) {
    const known = this.kept.get(shot);
    this.kept.delete(shot);
    const wanted = known || { promise: fetched(shot), bitmap: null };
    if (!known) {
      wanted.promise.then((bitmap) => { wanted.bitmap = bitmap; }, () => this.kept.delete(shot));
    }
    this.kept.set(shot, wanted);
    this.#trim();
    return wanted.promise;
  }

  /** Return a picture that is ready; null where it is not. */
  ready(shot) {
    return this.kept.get(shot)?.bitmap || null;
  }

  #trim() {
    for (const [shot, old] of this.kept) {
      if (this.kept.size <= MOST_KEPT) return;
      this.kept.delete(shot);
      old.promise.then((bitmap) => bitmap.close(), () => {});
    }
  }
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
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error || "The picture cannot be read.");
  return createImageBitmap(await response.blob());
}
