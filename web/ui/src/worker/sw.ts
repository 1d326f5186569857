/**
 * Keeps what a guest has seen: the page, its scripts, the photos that were on screen. Nothing is fetched ahead.
 *
 * Photos are kept by the path of their URL: it names the content, the signature after it changes by the hour.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;

const SHELL = "kuaimen-shell-1";
const PHOTOS = "kuaimen-photos-1";
const MOST_PHOTOS = 600;
const SPARE = 60; // trimmed at once, so that not every photo trims
const CLOSED = [401, 403, 404, 410];
const PATIENCE_MS = 4_000; // then a page that was kept is better than none

worker.addEventListener("install", () => void worker.skipWaiting());

worker.addEventListener("activate", (event) => {
  const tidy = async (): Promise<void> => {
    for (const name of await caches.keys()) if (name !== SHELL && name !== PHOTOS) await caches.delete(name);
    await worker.clients.claim();
  };
  event.waitUntil(tidy());
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin || request.headers.has("range")) return;
  if (url.pathname.startsWith("/assets/")) event.respondWith(kept(SHELL, url.pathname, event));
  else if (url.pathname.startsWith("/blobs/r/")) event.respondWith(kept(PHOTOS, url.pathname, event));
  else if (request.mode === "navigate" && /^\/(a|screen)\//.test(url.pathname)) event.respondWith(fresh(event));
  else if (/^\/mp\/v1\/albums\/[\w-]+(\/photos)?$/.test(url.pathname)) event.respondWith(fresh(event));
});

/** A photo that was taken down is forgotten here too; what a page loaded before this worker was there is kept after all. */
worker.addEventListener("message", (event) => {
  const { forget = [], seen = [] } = event.data as { forget?: string[]; seen?: string[] };
  const away = async (): Promise<void> => {
    const cache = await caches.open(PHOTOS);
    for (const url of forget) await cache.delete(new URL(url, worker.location.origin).pathname);
  };
  event.waitUntil(Promise.all([away(), catchUp(seen)]));
});

/** The first visit's page, scripts and photos: the browser has them already, so this hardly asks the network. */
async function catchUp(seen: string[]): Promise<void> {
  for (const one of seen) {
    const url = new URL(one, worker.location.origin);
    const [name, key] = url.pathname.startsWith("/blobs/") ? [PHOTOS, url.pathname] : [SHELL, url.pathname.startsWith("/assets/") ? url.pathname : url.href];
    const cache = await caches.open(name);
    if (await cache.match(key)) continue;
    const answer = await fetch(url, { cache: "force-cache" }).catch(() => undefined);
    if (answer?.status === 200) await cache.put(key, answer).catch(() => undefined);
  }
}

/** What never changes: from the cache, else from the network and into the cache. */
async function kept(name: string, key: string, event: FetchEvent): Promise<Response> {
  const cache = await caches.open(name);
  const found = await cache.match(key);
  if (found) return found;
  const answer = await fetch(event.request);
  if (answer.status === 200) event.waitUntil(keep(cache, key, answer.clone()));
  return answer;
}

/** What does change: from the network, and only without one from the cache. */
async function fresh(event: FetchEvent): Promise<Response> {
  const cache = await caches.open(SHELL);
  const asked = fetch(event.request).then((answer) => {
    if (answer.status === 200) event.waitUntil(cache.put(event.request.url, answer.clone()));
    if (CLOSED.includes(answer.status)) event.waitUntil(cache.delete(event.request.url)); // what was open is not any more
    return answer;
  });
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE_MS, undefined));
  const first = await Promise.race([asked.catch(() => undefined), late]);
  if (first) return first;
  const found = await cache.match(event.request.url, { ignoreSearch: event.request.mode === "navigate" });
  return found ?? asked;
}

async function keep(cache: Cache, key: string, answer: Response): Promise<void> {
  try {
    await cache.put(key, answer);
  } catch {
    await trim(cache, MOST_PHOTOS / 2); // the browser's quota is smaller than ours
  }
  await trim(cache, MOST_PHOTOS);
}

async function trim(cache: Cache, most: number): Promise<void> {
  const keys = await cache.keys();
  if (keys.length <= most) return;
  for (const key of keys.slice(0, keys.length - most + SPARE)) await cache.delete(key);
}

export {};
