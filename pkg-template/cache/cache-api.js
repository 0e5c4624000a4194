// @ts-check
// The Cache API, or an object of the caller's with its `match` and `put`, as a store.

/** No address that anybody serves. */
const PREFIX = "https://rerank-wasm.invalid/";

/**
 * @param {any} cache
 * @param {() => Promise<number | undefined>} [room]
 * @returns {import("./entry.js").Store}
 */
export function cacheApi(cache, room = async () => undefined) {
  const urlOf = (/** @type {string} */ name) => `${PREFIX}${name}`;
  return {
    kind: "cache",
    room,
    async get(name) {
      const reply = await cache.match(urlOf(name));
      return reply && new Uint8Array(await reply.arrayBuffer());
    },
    async put(name, bytes) {
      await cache.put(urlOf(name), new Response(bytes.slice(), { headers: { "content-length": String(bytes.byteLength) } }));
    },
    async remove(name) {
      // One of the caller's may know no way to forget: nothing is no manifest and no part.
      if (typeof cache.delete === "function") await cache.delete(urlOf(name));
      else if (await cache.match(urlOf(name))) await cache.put(urlOf(name), new Response(""));
    },
    async names() {
      const requests = typeof cache.keys === "function" ? await cache.keys() : [];
      return requests.map((/** @type {Request} */ { url }) => url).filter((/** @type {string} */ url) => url.startsWith(PREFIX)).map((/** @type {string} */ url) => url.slice(PREFIX.length));
    },
  };
}
