/** What the platform answers to guests (docs/wire.md §2), and the one way to ask it. */

import type { Offer } from "./slots";

export interface Photo {
  id: string;
  album_id: string;
  position: number;
  revision: number;
  width: number;
  height: number;
  placeholder: string;
  urls: { thumb: string; phone?: string; view: string };
  shot_at: number | null;
  live_at: number | null;
  retouched_at: number | null;
  stage: "preview" | "original" | "retouched";
  likes: number;
  by: string; // the guest who gave it
  words: string; // what that guest says with it
}

export interface Tombstone {
  id: string;
  album_id: string;
  position: number;
  revision: number;
  hidden: true;
}

export type Change = Photo | Tombstone;

export interface Album {
  id: string;
  event_id: string;
  title: string;
  access: string;
  downloads: boolean;
  contributions: "off" | "review" | "open";
  comments: boolean;
  photos: number;
  revision: number;
  live: { files: Files | null };
}

/** Where a public album's feed stands as files. */
export interface Files {
  head: string;
  poll_ms: number;
}

export interface Head {
  revision: number;
  since: number; // whose cursor is not older needs only `changes`
  changes: Change[];
  poll_ms: number;
  front?: number;
}

/** A sponsor's picture in a slot: placements.ts. */
export interface Placed extends Offer {
  slot: "start" | "tile" | "download";
  name: string;
  words: string;
  link: string; // empty: nowhere
  url: string;
  width: number;
  height: number;
}

/** What stands around the photos of an event; the organizer changes it while it is looked at. */
export interface Front {
  revision: number;
  title: string;
  place: string;
  starts_at: number | null;
  ends_at: number | null;
  state: string;
  cover_url: string | null;
  welcome: string;
  start_page: boolean;
  start_button: string;
  countdown: boolean;
  banner: string;
  banner_link: string;
  banner_from: number | null;
  banner_until: number | null;
  share_title: string;
  language: "" | "zh" | "en";
  layout: "rows" | "waterfall" | "grid";
  order: "new" | "times" | "hot";
  likes: boolean;
  sponsors: boolean;
  tile_every: number;
  placements: Placed[];
  albums: { id: string; title: string; downloads: boolean; contributions: Album["contributions"]; comments: boolean }[];
}

export interface EventCard {
  id: string;
  title: string;
  place: string;
  starts_at: number | null;
  ends_at: number | null;
  state: string;
  share_code: string;
}

export interface History {
  photos: Photo[];
  next: number | null;
}

export interface Changes {
  changes: Change[];
  cursor: number;
  more: boolean;
  front?: number;
}

export interface Download {
  url: string;
  width: number;
  height: number;
  size: number;
  expires_at: number;
}

/** A refusal with the platform's stable code and its words for people. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function isHidden(change: Change): change is Tombstone {
  return "hidden" in change;
}

export interface Question {
  method?: "PUT" | "DELETE"; // else POST with a body and GET without
  body?: unknown;
  signal?: AbortSignal; // who gives one decides how long the answer may take
  as?: string;
}

const STALL_MS = 20_000; // a connection that broke without a word would keep its question for ever

/** JSON from the platform. Raises Refusal when it says no, TypeError or DOMException when it cannot be reached. */
export async function ask<T>(path: string, { method, body, signal, as }: Question = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (as) headers["Authorization"] = `Bearer ${as}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = new AbortController();
  const stalled = setTimeout(() => limit.abort(), STALL_MS);
  try {
    const answer = await fetch(path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body), keepalive: true }),
      signal: signal ?? limit.signal,
    });
    const text = await answer.text();
    if (!answer.ok) throw refusal(answer.status, text);
    return (text ? JSON.parse(text) : undefined) as T;
  } finally {
    clearTimeout(stalled);
  }
}

export function refusal(status: number, text: string): Refusal {
  try {
    const said = JSON.parse(text) as { code?: string; message?: string };
    return new Refusal(status, said.code ?? "error", said.message ?? text);
  } catch {
    return new Refusal(status, "error", `HTTP ${status}`);
  }
}

/** What this browser kept, or null; private windows may refuse to keep anything. */
export function recall(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch {
    // a private window: nothing is kept, everything else works
  }
}
