// Keeps what a task needs readable without a connection: the pages of the tasks, of the errands and of the inbox as they
// were last seen, and the files they are made of. Nothing is answered from here that the server can answer, but files
// whose address changes with their content. Shows what is pushed to this browser. Signing out ends both.
"use strict";

const [PAGES, FILES] = ["pages", "files"];
const KEPT = /\/(tasks\/[0-9a-f]{32}|errands\/[0-9a-f]{32}(\/report)?|inbox|courier)$/;
const MOST_PAGES = 30;

const isFile = (url) => url.pathname.includes("/static/");
const takesForms = (url) => /\/(tasks\/[0-9a-f]{32}|errands\/[0-9a-f]{32}\/report)$/.test(url.pathname);
const isKept = (url) => KEPT.test(url.pathname);

// What was kept goes only when all of the new page is there: the connection may end in the middle of it.
async function keepPage(url, response) {
  const [cache, body] = [await caches.open(PAGES), await response.blob()];
  await cache.delete(url.pathname);
  await cache.put(url.pathname, new Response(body, { headers: response.headers }));
  const seen = await cache.keys();
  for (const old of seen.slice(0, Math.max(0, seen.length - MOST_PAGES))) await cache.delete(old);
}

async function keepFile(url, response) {
  const cache = await caches.open(FILES);
  await cache.delete(url.href, { ignoreSearch: true }); // the content it had before
  await cache.put(url.href, response);
}

async function answerFile(request) {
  const kept = await caches.match(request.url, { cacheName: FILES, ignoreVary: true });
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200) await keepFile(new URL(request.url), response.clone());
  return response;
}

async function answerPage(request) {
  const url = new URL(request.url);
  try {
    const response = await fetch(request);
    if (response.status === 200 && !response.redirected) await keepPage(url, response.clone());
    if (response.status === 404) await caches.open(PAGES).then((cache) => cache.delete(url.pathname));
    return response;
  } catch (error) {
    const kept = await caches.match(url.pathname, { cacheName: PAGES, ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

// Where a form does not reach the server, the page it stood on says so: what was sent lies in the outbox.
async function sendForm(request) {
  try {
    return await fetch(request);
  } catch {
    return Response.redirect(request.referrer || request.url, 303);
  }
}

// What a page was made of before this worker was there.
async function keepSeen(addresses) {
  for (const url of addresses.map((one) => new URL(one, location.origin))) {
    if (url.origin !== location.origin || !(isFile(url) || isKept(url))) continue;
    if (isFile(url) && (await caches.match(url.href, { cacheName: FILES, ignoreVary: true }))) continue;
    const response = await fetch(url.href);
    if (response.status === 200 && !response.redirected) await (isFile(url) ? keepFile : keepPage)(url, response);
  }
}

// Who comes next at this device neither reads the pages of who was there, nor is told what is meant for him.
async function leave() {
  await caches.delete(PAGES);
  await (await self.registration.pushManager?.getSubscription())?.unsubscribe();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => event.waitUntil(keepSeen(event.data.seen ?? []).catch(() => {})));
self.addEventListener("push", (event) => {
  const { id, title, body, path } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag: id, data: path, icon: "/static/app/icon-192.png" }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.method === "POST" && url.pathname.endsWith("/sign-out")) event.waitUntil(leave());
  if (request.mode === "navigate" && request.method === "POST" && takesForms(url)) event.respondWith(sendForm(request));
  if (request.method !== "GET") return;
  if (isFile(url)) event.respondWith(answerFile(request));
  else if (request.mode === "navigate" && isKept(url)) event.respondWith(answerPage(request));
});
