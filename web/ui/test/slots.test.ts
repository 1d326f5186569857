import { describe, expect, it } from "vitest";

import { anchors, cardOf, type Day, dayOf, deal, handSize, type Offer, running, showed, UNCAPPED } from "../src/slots";
import { dice } from "./dice";

const offer = (id: string, share: number, cap: number): Offer => ({ id, share, cap, from_at: null, until_at: null });

/** A guest's day as pages live it: tiles are dealt, some are seen, the page is left and opened again. */
function visit(offers: Offer[], first: Day, views: number, roll: () => number): string[] {
  const shown: string[] = [];
  let kept = first;
  for (let page = 0; page < 4 && shown.length < views; page++) {
    const laid = new Map<number, string>();
    for (let tile = 0; tile < 25; tile++) {
      const dealt = deal(offers, kept, laid);
      if (dealt) laid.set(dealt[0], dealt[1].id);
    }
    for (const [card, id] of laid) {
      if (shown.length >= views || roll() < 0.3) continue; // scrolled over
      kept = showed(showed(kept, card, id), card, id); // looked at again
      shown.push(id);
    }
  }
  return shown;
}

describe("shares and caps", () => {
  const plans: [string, number, number][][] = [
    [["a", 3, 6], ["b", 1, 6]],
    [["a", 1, 5], ["b", 1, 5], ["c", 1, 5]],
    [["a", 5, 10], ["b", 3, 4], ["c", 2, 0]],
    [["a", 8, 1], ["b", 1, 1], ["c", 1, 1]],
    [["a", 7, 0], ["b", 2, 0], ["c", 1, 0]],
  ];
  it.each(plans.map((plan, n) => [n, plan] as const))("holds both over 10,000 tile views: plan %i", (n, plan) => {
    const offers = plan.map(([id, share, cap]) => offer(id, share, cap));
    const all = plan.reduce((sum, [, share]) => sum + share, 0);
    const roll = dice(1000 + n);
    const counted = new Map<string, number>();
    let total = 0;
    while (total < 10_000) {
      const day = dayOf(null, "2026-12-01", Math.floor(roll() * 2 ** 31));
      const shown = visit(offers, day, 1 + Math.floor(60 * roll() ** 3), roll); // most look at a few, some at many
      total += shown.length;
      for (const { id, cap } of offers) {
        const mine = shown.filter((one) => one === id).length;
        if (cap) expect(mine).toBeLessThanOrEqual(cap);
        counted.set(id, (counted.get(id) ?? 0) + mine);
      }
    }
    for (const [id, share] of plan) expect(Math.abs((counted.get(id) ?? 0) / total - share / all)).toBeLessThan(0.02);
  });

  it("gives one guest exactly the shares in a whole hand", () => {
    const offers = [offer("a", 3, 6), offer("b", 1, 6)];
    expect(handSize(offers)).toBe(8);
    for (let seed = 0; seed < 200; seed++) {
      const hand = Array.from({ length: 8 }, (_, card) => cardOf(offers, seed, card)?.id);
      expect(hand.filter((id) => id === "a")).toHaveLength(6);
    }
    const day = dayOf(null, "1", 4);
    expect(deal(offers, day, new Map([[0, "a"], [2, "a"]]))?.[0]).toBe(1);
    expect(deal(offers, { ...day, seen: [0, 1, 2, 3, 4, 5, 6] }, new Map([[7, "a"]]))).toBeUndefined();
    const free = [offer("a", 2, 0), offer("b", 1, 0)];
    const long = Array.from({ length: UNCAPPED }, (_, card) => cardOf(free, 5, UNCAPPED + card)?.id);
    expect(long.filter((id) => id === "a")).toHaveLength((UNCAPPED * 2) / 3);
    expect(deal([], day, new Map())).toBeUndefined();
  });

  it("holds a cap also where the offers change during the day", () => {
    const [a, b, c] = [offer("a", 3, 6), offer("b", 1, 6), offer("c", 1, 0)];
    for (let seed = 0; seed < 50; seed++) {
      let kept = dayOf(null, "1", seed);
      for (const offers of [[a, b], [a, b, c], [a, c], [a]]) {
        for (let dealt = deal(offers, kept, new Map()), n = 0; dealt && n < 7; dealt = deal(offers, kept, new Map()), n++) kept = showed(kept, dealt[0], dealt[1].id);
      }
      expect(kept.shown["a"]).toBeLessThanOrEqual(6);
    }
  });

  it("begins every day anew, and knows whose time it is", () => {
    const kept = { day: "1", seed: 7, seen: [0, 1], shown: { a: 2 } };
    expect(dayOf(kept, "1", 9)).toBe(kept);
    expect(dayOf(kept, "2", 9)).toEqual({ day: "2", seed: 9, seen: [], shown: {} });
    const timed = [{ ...offer("a", 1, 0), from_at: 10, until_at: 20 }, offer("b", 1, 0)];
    expect([9, 10, 20].map((at) => running(timed, at).length)).toEqual([1, 2, 1]);
  });
});

describe("where tiles hang", () => {
  const every = 12;

  /** Photos come in front, come behind, or one leaves. */
  class Wall {
    ids: string[] = [];
    kept = new Set<string>();
    #next = 100_000;
    #oldest = 100_000;

    readonly roll: () => number;

    constructor(roll: () => number) {
      this.roll = roll;
    }

    turn(): { fresh: string[]; gone: boolean } {
      const what = this.roll();
      const some = (most: number): string[] => Array.from({ length: 1 + Math.floor(this.roll() * most) }, () => "");
      let fresh: string[] = [];
      const gone = what >= 0.6 && this.ids.length > 0;
      if (what < 0.45) this.ids.unshift(...(fresh = some(3).map(() => String(this.#next++)).reverse()));
      else if (what < 0.6) this.ids.push(...(fresh = some(60).map(() => String(--this.#oldest))));
      else this.ids.splice(Math.floor(this.roll() * this.ids.length), 1);
      return { fresh, gone };
    }
  }

  it("keeps its distance and never moves, whatever comes and goes", () => {
    for (let seed = 0; seed < 15; seed++) {
      const wall = new Wall(dice(seed));
      for (let turn = 0; turn < 80; turn++) {
        const { fresh, gone } = wall.turn();
        const now = anchors(wall.ids, wall.kept, new Set(fresh), every);
        const places = now.map((id) => wall.ids.indexOf(id));
        places.slice(1).forEach((at, n) => expect(at - (places[n] ?? 0)).toBeGreaterThanOrEqual(every));
        expect(now.filter((id) => !wall.kept.has(id) && !fresh.includes(id))).toEqual([]);
        if (!gone) expect([...wall.kept].filter((id) => !now.includes(id))).toEqual([]);
        wall.kept = new Set(now);
      }
      expect(wall.kept.size).toBeGreaterThan(wall.ids.length / 40);
    }
  });

  it("waits for enough photos at first, and follows a live album from its first photo", () => {
    const ids = Array.from({ length: 30 }, (_, n) => `p${n}`);
    expect(anchors(ids, new Set(), new Set(ids), every)).toEqual(["p11", "p23"]);
    let kept = new Set<string>();
    let wall: string[] = [];
    for (let n = 0; n < 60; n++) {
      wall = [`n${n}`, ...wall];
      kept = new Set(anchors(wall, kept, new Set([`n${n}`]), every));
    }
    expect([...kept].map((id) => wall.indexOf(id))).toEqual([0, 12, 24, 36, 48]);
  });
});
