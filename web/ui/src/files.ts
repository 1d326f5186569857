/** An album's feed as files (docs/wire.md §2): what nginx or a CDN serves when the platform has no room for a stream. */

import { type Album, ask, type Change, type Head } from "./wire";

export interface Reading {
  news: Change[] | null; // null: the cursor is too old for the head
  wait_ms: number;
  front: number | undefined;
}

export type Reader = (cursor: number, signal: AbortSignal) => Promise<Reading>;

/** Null where an album has no files. Raises Refusal, TypeError. */
export async function reader(album: string): Promise<Reader | null> {
  const { files } = (await ask<Album>(album)).live;
  if (!files) return null;
  return async (cursor, signal) => {
    const head = await ask<Head>(files.head, { signal });
    const news = cursor < head.since ? null : head.changes.filter((change) => change.revision > cursor);
    return { news, front: head.front, wait_ms: head.poll_ms * (0.8 + Math.random() * 0.4) }; // a crowd must not ask in step
  };
}
