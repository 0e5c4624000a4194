// @ts-check
// The same as an edge function of Vercel's runtime, which knows the service worker's way of answering.

import worker from "./workerd.mjs";

addEventListener("fetch", (/** @type {any} */ event) => event.respondWith(worker.fetch(event.request)));
