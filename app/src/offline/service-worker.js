/* global VERSION, FILES, HEADERS -- the build writes them above */
// Keeps every file of the page, so that it works without a network, and adds the headers that isolate it on hosts that send
// none. A new version waits until all tabs of the old one are closed: an open page finds the files that it was built with.
const CACHE = `atlasmtl-app-${VERSION}`;
const scope = new URL(self.registration.scope);

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })))),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldFiles().then(() => self.clients.claim()));
});

async function dropOldFiles() {
  for (const name of await caches.keys())
    if (name.startsWith("atlasmtl-app-") && name !== CACHE) await caches.delete(name);
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname))
    return;
  event.respondWith(answer(request));
});

async function answer(request) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreSearch: true });
  const response = kept ?? (await fetch(request));
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

// The page asks whether everything is kept, before it says so.
self.addEventListener("message", (event) => {
  event.waitUntil(isComplete().then((complete) => event.ports[0]?.postMessage(complete)));
});

async function isComplete() {
  const cache = await caches.open(CACHE);
  const found = await Promise.all(FILES.map((file) => cache.match(file)));
  return found.every((response) => response !== undefined);
}
