/** What this guest likes: known to the platform, shown at once, taken back when the platform says no. */

import { askAsGuest, isKnown } from "./guest";
import type { Photo } from "./wire";

interface Liked {
  liked: boolean;
  likes: number;
}

const known = new Map<string, Promise<Set<string>>>(); // by album

/** Ids of the photos of this album that this guest likes. Empty when the platform cannot be asked. */
export function likedIn(album: string): Promise<Set<string>> {
  let found = known.get(album);
  if (!found) {
    const asked = isKnown() ? askAsGuest<{ photo_ids: string[] }>(`/mp/v1/albums/${album}/likes`) : Promise.resolve({ photo_ids: [] });
    found = asked.then(({ photo_ids }) => new Set(photo_ids)).catch(() => (known.delete(album), new Set<string>()));
    known.set(album, found);
  }
  return found;
}

/** Like it, or no longer. `draw` is called at once and again with what the platform says. Raises Refusal, TypeError. */
export async function toggle(photo: Photo, draw: (said: Liked) => void): Promise<void> {
  const mine = await likedIn(photo.album_id);
  const liked = !mine.has(photo.id);
  const before = { liked: !liked, likes: photo.likes };
  const put = (said: Liked): void => {
    if (said.liked) mine.add(photo.id);
    else mine.delete(photo.id);
    photo.likes = said.likes;
    draw(said);
  };
  put({ liked, likes: Math.max(0, photo.likes + (liked ? 1 : -1)) });
  try {
    put(await askAsGuest<Liked>(`/mp/v1/photos/${photo.id}/like`, { method: liked ? "PUT" : "DELETE" }));
  } catch (reason) {
    put(before);
    throw reason;
  }
}
