/** What organizers may ask (docs/wire.md §3). The session is a cookie; the header shows that no foreign page asks. */

import { refusal } from "../wire";

export interface Member {
  id: string;
  name: string;
  role: string;
  organization: string;
  event_id: string | null;
  rights: string[];
}

export interface EventRow {
  id: string;
  title: string;
  place: string;
  starts_at: number | null;
  state: "draft" | "open" | "closed" | "archived" | "removed" | "purged";
  share_code: string;
  album_url: string;
}

/** Fields of a look, as docs/imaging.md names them. */
export type Look = Record<string, string | number | number[] | null>;

export interface AlbumRow {
  id: string;
  title: string;
  publishing: "auto" | "approve";
  checking: "off" | "after" | "before";
  contributions: "off" | "review" | "open";
  completed_at: number | null;
  watermark: boolean;
  frame: boolean;
  brand_id: string | null;
  look: Look | null;
  culling: "off" | "suggest" | "hold";
  photos: number;
  stale: number;
}

export interface BridgeRow {
  id: string;
  name: string;
  seen_at: number | null;
  online: boolean;
  health: { level: "bad" | "warn" | "good"; zh: string; en: string }[];
  said: { queued?: number; cameras?: { user: string }[] };
}

export type Counter = "received" | "live" | "original_stored" | "retouched" | "hidden" | "failed";
/** With live, hidden and failed they make up `received`. */
export type Rest = "waiting" | "purged" | "on_bridges" | "aside" | "refused";

export interface EventNow extends EventRow {
  counters: Record<Counter | Rest, number>;
  albums: AlbumRow[];
  bridges: BridgeRow[];
  messages: Partial<Record<"planned" | "sent" | "refused", number>>;
}

export type PhotoState = "announced" | "stored" | "live" | "hidden" | "rejected";

export interface PhotoRow {
  id: string;
  album_id: string;
  name: string;
  camera: string;
  bridge_id: string | null;
  state: PhotoState;
  refusal: string | null;
  look: Record<string, number>; // what was applied
  own_look: Look | null;
  held: ("blurred" | "too_bright" | "too_dark" | "damaged")[];
  aids: { turn: number; sure: number } | null;
  thumb: string | null;
  view: string | null;
  rating: number | null;
  tags: string[];
  likes: number;
  shot_at: number | null;
  bridged_at: number | null;
  announced_at: number;
  live_at: number | null;
  original_at: number | null;
  retouched_at: number | null;
}

/** Send a file as it is. Raises as `call`. */
export async function send<T>(path: string, file: Blob): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, { method: "POST", headers: { Accept: "application/json", "X-Requested-With": "kuaimen" }, body: file });
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  return JSON.parse(text) as T;
}

/** Raises as `call`. */
export async function remove<T>(path: string): Promise<T> {
  return ask<T>(path, { method: "DELETE" });
}

/** Raises Refusal (401: sign in again), TypeError when the platform cannot be reached. */
export async function call<T>(path: string, body?: unknown): Promise<T> {
  return ask<T>(path, body === undefined ? { method: "GET" } : { method: "POST", body: JSON.stringify(body) });
}

async function ask<T>(path: string, how: RequestInit): Promise<T> {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-Requested-With": "kuaimen" };
  const answer = await fetch(`/api/v1${path}`, { ...how, headers });
  const text = await answer.text();
  if (!answer.ok) throw refusal(answer.status, text);
  return (text ? JSON.parse(text) : undefined) as T;
}
