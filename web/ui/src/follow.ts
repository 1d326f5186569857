/**
 * Following an album without losing a photo: «what changed after my cursor», for ever.
 *
 * A stream is asked first; where something on the way swallows it (a proxy, an old webview) the same question is asked
 * by long poll, and the stream is tried again now and then. Where the platform is crowded (429) the album's files are read
 * instead, which cost it nothing. All carry the cursor, so a phone that slept resumes.
 */

import type { Reader } from "./files";
import type { Hint } from "./ghosts";
import { ask, type Change, type Changes, type Front, refusal, Refusal } from "./wire";

export type Carrier = "stream" | "poll" | "files" | "none";

export interface Following {
  stop: () => void;
}

export interface Ear {
  cursor: () => number;
  hear: (changes: Change[]) => void;
  /** A photo is on its way; only a stream knows. Without it none is asked for. */
  expect?: (hint: Hint) => void;
  tell: (carrier: Carrier) => void;
  /** The revision of the front that is shown, and what to do with a newer one; without it: go and read it. */
  front: () => number;
  turn: (front?: Front) => void;
  /** The album may not be followed any more (closed, or a code is needed now). */
  refused: (reason: Refusal) => void;
}

const GREETING_MS = 2_500; // a stream that says nothing for so long is swallowed by somebody
const SHORT_MS = 5_000; // a stream that ends sooner is cut by somebody
const BEAT_MS = 40_000; // the platform beats every 15 s
const WAIT_S = 20;
const POLLS_PER_TRY = 6; // so many long polls before the stream gets another chance
const READS_PER_TRY = 60; // so many readings of the files before the stream gets another chance
const REST_MS = 45_000; // a page nobody looks at lets its connection go after this

export function follow(album: string, ear: Ear): Following {
  const turn = new Turn(album, ear);
  void turn.run();
  return { stop: () => turn.stop() };
}

class Turn {
  readonly #path: string;
  readonly #ear: Ear;
  #stopped = false;
  #resting: ReturnType<typeof setTimeout> | undefined;
  #asleep = false;
  #current = new AbortController();
  #wake: () => void = () => undefined;
  #failures = 0;
  #polls = 0; // left before the stream is tried again
  #reads = 0; // of the files, likewise
  #files: Reader | null = null;

  constructor(album: string, ear: Ear) {
    this.#path = `/mp/v1/albums/${album}`;
    this.#ear = ear;
    document.addEventListener("visibilitychange", this.#look);
    window.addEventListener("online", this.#stir);
    window.addEventListener("offline", this.#cut);
    window.addEventListener("pageshow", this.#stir);
  }

  stop(): void {
    this.#stopped = true;
    document.removeEventListener("visibilitychange", this.#look);
    window.removeEventListener("online", this.#stir);
    window.removeEventListener("offline", this.#cut);
    window.removeEventListener("pageshow", this.#stir);
    clearTimeout(this.#resting);
    this.#stir();
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#asleep) {
        await this.#pause(REST_MS);
        continue;
      }
      this.#current = new AbortController();
      try {
        if (this.#reads > 0) await this.#read();
        else if (this.#polls > 0) await this.#poll(WAIT_S);
        else await this.#listen();
        this.#failures = 0;
      } catch (reason) {
        if (reason instanceof Refusal && reason.status === 429 && (await this.#crowded())) this.#reads = READS_PER_TRY;
        else if (reason instanceof Refusal && [401, 403, 404, 410].includes(reason.status)) {
          this.#ear.refused(reason);
          this.stop();
        } else await this.#failed();
      }
    }
  }

  /** A page nobody looks at rests; when somebody looks again it asks at once. */
  readonly #look = (): void => {
    clearTimeout(this.#resting);
    if (document.hidden) {
      this.#resting = setTimeout(() => {
        this.#asleep = true;
        this.#current.abort();
      }, REST_MS);
    } else this.#stir();
  };

  /** The phone knows that it has no network; a connection that is still open would only find out much later. */
  readonly #cut = (): void => {
    this.#failures++;
    this.#ear.tell("none");
    this.#current.abort();
  };

  readonly #stir = (): void => {
    const rouse = this.#asleep || this.#failures > 0 || this.#stopped;
    this.#asleep = false;
    this.#failures = 0;
    this.#wake();
    if (rouse) this.#current.abort();
  };

  async #failed(): Promise<void> {
    if (this.#stopped || this.#asleep) return;
    this.#failures++;
    if (this.#failures > 1) this.#ear.tell("none");
    const most = Math.min(500 * 2 ** this.#failures, 15_000);
    await this.#pause(this.#failures === 1 ? 100 : most * (0.5 + Math.random() / 2));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #crowded(): Promise<boolean> {
    this.#files = await import("./files").then(({ reader }) => reader(this.#path)).catch(() => null);
    return this.#files !== null;
  }

  /** The files once; who is too far behind for them catches up with the platform. */
  async #read(): Promise<void> {
    this.#reads--;
    const said = await this.#files?.(this.#ear.cursor(), this.#current.signal).catch((reason: unknown) => {
      this.#reads = 0; // replaced or gone: ask the platform again
      throw reason;
    });
    if (!said) return;
    this.#fronted(said.front);
    if (!said.news) await this.#poll(0);
    else if (said.news.length) this.#ear.hear(said.news);
    this.#ear.tell("files");
    await this.#pause(said.wait_ms);
  }

  async #poll(patience: number): Promise<void> {
    const wait = this.#failures ? 0 : patience;
    const limit = setTimeout(() => this.#current.abort(), (wait + 12) * 1000);
    try {
      const said = await ask<Changes>(`${this.#path}/changes?after=${this.#ear.cursor()}&wait=${wait}&limit=100&front=${this.#ear.front()}`, {
        signal: this.#current.signal,
      });
      this.#ear.tell("poll");
      if (said.changes.length) this.#ear.hear(said.changes);
      this.#fronted(said.front);
      if (this.#failures > 1) this.#polls = 0; // it was the network, not the stream
      else if (!said.more) this.#polls--;
    } finally {
      clearTimeout(limit);
    }
  }

  #fronted(revision = 0): void {
    if (revision > this.#ear.front()) this.#ear.turn();
  }

  /** Read the stream until it ends. When it is mute or refused the next turns are long polls. */
  async #listen(): Promise<void> {
    const began = performance.now();
    let timer = setTimeout(() => this.#current.abort(), GREETING_MS);
    let whole = false; // it came through and lasted
    try {
      const answer = await fetch(`${this.#path}/stream?after=${this.#ear.cursor()}&front=${this.#ear.front()}${this.#ear.expect ? "&ghosts=1" : ""}`, {
        headers: { Accept: "text/event-stream" },
        signal: this.#current.signal,
        cache: "no-store",
      });
      if (!answer.ok || !answer.body) throw refusal(answer.status, await answer.text());
      const reader = answer.body.getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        whole = performance.now() - began > SHORT_MS;
        if (done && !whole) throw new Error("the stream was cut short");
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => this.#current.abort(), BEAT_MS);
        this.#ear.tell("stream");
        this.#failures = 0;
        rest = this.#take(rest + decoder.decode(value, { stream: true }));
      }
    } catch (reason) {
      const refused = reason instanceof Refusal && reason.status < 500;
      if (!whole && !refused) this.#polls = POLLS_PER_TRY;
      throw reason;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hand over every complete event; returns what is still incomplete. */
  #take(text: string): string {
    const blocks = text.split("\n\n");
    const rest = blocks.pop() ?? "";
    const changes: Change[] = [];
    for (const block of blocks) {
      const data = /^data:(.*)/m.exec(block)?.[1];
      if (!data) continue;
      if (block.startsWith("event: g")) this.#ear.expect?.(JSON.parse(data) as Hint);
      else if (block.startsWith("event: f")) this.#ear.turn(JSON.parse(data) as Front);
      else changes.push(JSON.parse(data) as Change);
    }
    if (changes.length) this.#ear.hear(changes);
    return rest;
  }
}
