/** What an album does once its first photos are there: stay readable offline, count what is looked at. */

import { stayReadable } from "./readable";
import { follow } from "./track";

export { forget } from "./readable";

const QUIET_MS = 1_000;

export function settleIn(wall: HTMLElement, album: () => string): void {
  if ("serviceWorker" in navigator) void stayReadable();
  setTimeout(() => follow(wall, album), QUIET_MS);
}
