/** What was seen stays readable without a network, also what this page loaded before the worker was there. */

import type { Photo } from "./wire";

const SETTLED_MS = 4_000;

export async function stayReadable(): Promise<void> {
  const guarded = navigator.serviceWorker.controller !== null;
  try {
    await navigator.serviceWorker.register("/sw.js");
    if (guarded) return;
    const { active } = await navigator.serviceWorker.ready;
    if (!active) return;
    tellSeen(active);
    setTimeout(tellSeen, SETTLED_MS, active); // pictures that were on their way before the worker had this page
  } catch {
    // a private window, or WeChat's webview: no worker, everything else works
  }
}

function tellSeen(worker: ServiceWorker): void {
  const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
  const ours = loaded.filter((url) => /^\/(assets|blobs\/r)\//.test(url.slice(location.origin.length)));
  worker.postMessage({ seen: [location.href.split("#")[0], ...ours] });
}

/** A photo that was taken down must not live on in what this browser keeps. */
export function forget(photos: Photo[]): void {
  const urls = photos.flatMap((photo) => Object.values(photo.urls));
  if ("serviceWorker" in navigator) navigator.serviceWorker.controller?.postMessage({ forget: urls });
}
