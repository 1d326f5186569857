/** Settings tried on a photo by the platform's own pipeline: what is shown is what guests would get. */

import { call, type Look } from "./api";

export interface Tryout {
  id: string;
  state: "making" | "ready" | "refused";
  reason: string;
  picture: { url: string; width: number; height: number } | null;
  level: { turn: number; sure: number } | null;
}

export interface Wanted {
  look: Look | null;
  bare?: boolean;
  level?: boolean;
}

/** Raises Refusal, TypeError. */
export async function tryOut(photo: string, wanted: Wanted): Promise<Tryout> {
  let { tryout } = await call<{ tryout: Tryout }>(`/photos/${photo}/tryout`, wanted);
  for (let tries = 0; tryout.state === "making" && tries < 4; tries++) {
    ({ tryout } = await call<{ tryout: Tryout }>(`/tryouts/${tryout.id}?wait=10`));
  }
  return tryout;
}

/** One at a time, the newest wish next: a slider moves faster than pictures are made. */
export class Latest {
  #busy = false;
  #next: (() => Promise<void>) | null = null;

  ask(work: () => Promise<void>): void {
    this.#next = work;
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#next) {
        const work = this.#next;
        this.#next = null;
        await work();
      }
    } finally {
      this.#busy = false;
    }
  }
}
