/** What was seen stays readable without a network, also what this page loaded before the worker was there. */

import type { Photo } from "./wire";

export async function stayReadable(): Promise<void> {
  const guarded = navigator.serviceWorker.controller !== null;
  try {
    await navigator.serviceWorker.register("/sw.js");
    if (guarded) return;
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const ours = loaded.filter((url) => /^\/(assets|blobs\/r)\//.test(url.slice(location.origin.length)));
    active?.postMessage({ seen: [location.href.split("#")[0], ...ours] });
  } catch {
    // a private window, or WeChat's webview: no worker, everything else works
  }
}

/** A photo that was taken down must not live on in what this browser keeps. */
export function forget(photos: Photo[]): void {
  const urls = photos.flatMap((photo) => Object.values(photo.urls));
  if ("serviceWorker" in navigator) navigator.serviceWorker.controller?.postMessage({ forget: urls });
}
