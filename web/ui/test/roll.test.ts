import { expect, test } from "vitest";

import { Roll } from "../src/roll";
import type { Change, History, Photo } from "../src/wire";
import { dice } from "./dice";

function photo(id: number, position: number, revision: number): Photo {
  const urls = { thumb: `/t/${id}/${revision}`, view: `/v/${id}/${revision}` };
  const stamps = { shot_at: null, live_at: revision, retouched_at: null };
  return { id: `p${id}`, album_id: "a", position, revision, width: 3, height: 2, placeholder: "", urls, ...stamps, likes: 0, by: "", words: "", stage: "original" };
}

/** A little platform: publishes, betters, hides and restores; answers history and changes as docs/wire.md says. */
class Platform {
  revision = 0;
  readonly photos: (Photo & { shown: boolean })[] = [];

  step(roll: () => number): void {
    const one = this.photos[Math.floor(roll() * this.photos.length)];
    this.revision++;
    if (!one || roll() < 0.5) this.photos.push({ ...photo(this.photos.length, this.revision, this.revision), shown: true });
    else {
      if (roll() < 0.5) one.shown = !one.shown;
      one.revision = this.revision;
      one.urls = { thumb: `/t/${one.id}/${this.revision}`, view: `/v/${one.id}/${this.revision}` };
    }
  }

  shown(): Photo[] {
    return this.photos
      .filter((one) => one.shown)
      .map(({ shown, ...rest }) => structuredClone(rest))
      .sort((a, b) => b.position - a.position);
  }

  history(before: number, limit: number): History {
    const found = this.shown().filter((one) => one.position < before);
    const photos = found.slice(0, limit);
    return { photos, next: found.length > limit ? (photos[photos.length - 1]?.position ?? null) : null };
  }

  changes(after: number, limit: number): Change[] {
    return this.photos
      .filter((one) => one.revision > after)
      .sort((a, b) => a.revision - b.revision)
      .slice(0, limit)
      .map(({ shown, ...rest }) =>
        shown ? structuredClone(rest) : { id: rest.id, album_id: "a", position: rest.position, revision: rest.revision, hidden: true },
      );
  }
}

test("whatever comes in whatever order, the roll ends as the album is", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const roll = dice(seed);
    const platform = new Platform();
    for (let i = 0; i < 30; i++) platform.step(roll);
    const cursor = platform.revision;
    if (roll() < 0.5) platform.step(roll); // something happens between reading the cursor and the photos
    const mine = new Roll(cursor, platform.history(Infinity, 5));
    let late: History | null = null; // a page that is on its way while other things happen
    for (let i = 0; i < 120; i++) {
      const what = roll();
      if (what < 0.5) platform.step(roll);
      else if (what < 0.75) mine.apply(platform.changes(mine.cursor - Math.floor(roll() * 3), 4)); // some come twice
      else if (late) {
        mine.append(late);
        late = null;
      } else if (mine.next !== null) late = platform.history(mine.next, 5);
    }
    if (late) mine.append(late);
    for (let i = 0; i < 400; i++) {
      if (mine.next !== null) mine.append(platform.history(mine.next, 5));
      mine.apply(platform.changes(mine.cursor, 4));
    }
    expect(mine.photos, `seed ${seed}`).toEqual(platform.shown());
  }
});

test("a turn says what to add, to change and to take away, each photo once", () => {
  const mine = new Roll(2, { photos: [photo(2, 2, 2), photo(1, 1, 1)], next: null });
  const gone: Change = { id: "p1", album_id: "a", position: 1, revision: 6, hidden: true };
  const turn = mine.apply([photo(3, 3, 3), photo(3, 3, 4), photo(2, 2, 5), gone, { ...gone, id: "p9", revision: 7 }]);
  expect(turn.added.map((one) => [one.id, one.revision])).toEqual([["p3", 4]]);
  expect(turn.changed.map((one) => one.id)).toEqual(["p2"]);
  expect(turn.gone.map((one) => one.id)).toEqual(["p1"]);
  expect(mine.cursor).toBe(7);
  expect(mine.photos.map((one) => one.id)).toEqual(["p3", "p2"]);
});

test("a part of the album takes in only its own photos", () => {
  const mine = new Roll(9, { photos: [], next: 8 }, { admit: (one) => one.position <= 7 && one.position >= 5, floor: 5 });
  mine.append({ photos: [photo(7, 7, 7), photo(6, 6, 6), photo(4, 4, 4)], next: 4 });
  expect(mine.photos.map((one) => one.id)).toEqual(["p7", "p6"]);
  expect(mine.next).toBeNull();
  expect(mine.apply([photo(10, 10, 10)]).added).toEqual([]);
});
