/**
 * The service worker (W3C Service Workers): it keeps the pages, so that they open where the box does not answer, and say so. What
 * the box knows is never kept. Browsers take it where they trust the box's certificate.
 */

/** What a worker is told, as far as it is used here: the DOM's types do not know it. */
interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  addEventListener(
    type: "install" | "activate",
    listener: (event: Lasting) => void,
  ): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}

const scope = globalThis as unknown as Scope;
const store = "pages";
/** All pages are one document. */
const page = "/";

/** Keeps the document, and what it is made of; another document takes the place of all that was kept. */
async function keep(answer: Response): Promise<void> {
  const pages = await caches.open(store);
  const text = await answer.clone().text();
  const before = await pages.match(page);
  if (before && (await before.text()) === text) return;
  const parts = [...text.matchAll(/"(\/(?:assets\/[^"]+|[\w-]+\.svg))"/g)].map(
    ([, path]) => path as string,
  );
  for (const request of await pages.keys()) await pages.delete(request);
  await pages.addAll(parts);
  await pages.put(page, answer);
}

async function openPage(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (answer.ok) await keep(answer.clone()).catch(() => {});
    return answer;
  } catch (error) {
    const kept = await (await caches.open(store)).match(page);
    if (kept) return kept;
    throw error;
  }
}

/** A part of the pages: its name changes with what is in it. */
async function openPart(request: Request): Promise<Response> {
  const pages = await caches.open(store);
  const kept = await pages.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await pages.put(request, answer.clone());
  return answer;
}

scope.addEventListener("install", (event) =>
  event.waitUntil(
    (async () => {
      await keep(await fetch(page));
      await scope.skipWaiting();
    })(),
  ),
);
scope.addEventListener("activate", (event) =>
  event.waitUntil(scope.clients.claim()),
);
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(openPart(request));
  else if (request.mode === "navigate" && !pathname.startsWith("/api/"))
    event.respondWith(openPage(request));
});
