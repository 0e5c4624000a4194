// @ts-check
// Downloads and what is kept of them, against a server that misbehaves.

import { equal, ok, rejects, same } from "../expect.mjs";

const REQUEST = { query: "Why is the window open?", documents: ["Open the windows in the morning.", "The invoice must be paid."] };
const SMALL = "tiny_int8.onnx";
/** Of several parts. */
const LARGE = "padded_int8.onnx";
const PART_BYTES = 4 << 20;

let last = 0;

/** URLs of one test alone. @param {import("../context.mjs").Context} context @param {string} mode @param {string} [file] */
export function filesOf({ faulty }, mode, file = SMALL) {
  const id = `${Date.now().toString(36)}-${++last}`;
  const ask = async (/** @type {string} */ path) => (await fetch(`${faulty}/${path}`)).json();
  return {
    model: `${faulty}/${mode}/${id}/${file}`,
    tokenizer: `${faulty}/plain/${id}/tokenizer.json`,
    /** @returns {Promise<import("../faulty-server.mjs").Asked[]>} */
    log: () => ask(`log/${id}`),
    /** GETs of the model so far. */
    gets: async () => (await ask(`log/${id}`)).filter((/** @type {any} */ it) => it.file === file && it.method === "GET"),
    /** @param {"up" | "down" | "new" | "other" | "short"} state */
    set: (state) => ask(`set/${id}/${state}`),
  };
}

/** Ranks once. @param {import("../context.mjs").Context} context @param {any} options */
async function ranking({ load }, { model, tokenizer, ...options }) {
  const reranker = await load({ cache: "require", workers: 1, model, tokenizer, ...options });
  const { results } = await reranker.rerank({ ...REQUEST, returnDocuments: false });
  reranker.dispose();
  return results;
}

/** What the model ranks without a cache. @param {import("../context.mjs").Context} context @param {string} [file] */
const expectedOf = (context, file = SMALL) => ranking(context, { model: context.url(`models/${file}`), tokenizer: context.url("models/tokenizer.json"), cache: "none" });

/** Changes what is kept under `name` in the cache. @param {string} runtime @param {(name: string, bytes: Uint8Array) => Uint8Array | undefined} change undefined: as it is */
async function tamper(runtime, change) {
  if (runtime === "node") {
    const [fs, path] = await Promise.all(["node:fs/promises", "node:path"].map((name) => import(name)));
    const folder = path.join(/** @type {any} */ (globalThis).process.env.XDG_CACHE_HOME, "rerank-wasm");
    for (const name of await fs.readdir(folder)) {
      const changed = change(name, await fs.readFile(path.join(folder, name)));
      if (changed) await fs.writeFile(path.join(folder, name), changed);
    }
    return;
  }
  const folder = /** @type {any} */ (await (await navigator.storage.getDirectory()).getDirectoryHandle("rerank-wasm"));
  for await (const [name, handle] of folder.entries()) {
    const changed = change(name, new Uint8Array(await (await handle.getFile()).arrayBuffer()));
    if (!changed) continue;
    const file = await handle.createWritable();
    await file.write(changed);
    await file.close();
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @type {readonly import("../context.mjs").Case[]} */
const all = [
  {
    name: "cache: the second load reads no model from the network; offline neither; listCached and deleteCached",
    async run(context) {
      const { listCached, deleteCached } = context;
      await deleteCached();
      same(await listCached(), [], "an empty cache");
      const expected = await expectedOf(context);
      const files = filesOf(context, "plain");
      same(await ranking(context, files), expected, "first");
      same(await ranking(context, files), expected, "second");
      equal((await files.gets()).length, 1, "GETs");
      const kept = await listCached();
      same(kept.map((/** @type {any} */ it) => it.url).sort(), [files.model, files.tokenizer].sort(), "what is kept");
      const { bytes, isComplete, storedAt } = kept.find((/** @type {any} */ it) => it.url === files.model);
      equal(bytes, (await context.bytes(`models/${SMALL}`)).length, "bytes");
      ok(isComplete && Math.abs(Date.now() - storedAt) < 600_000, "stored now");
      await files.set("down");
      same(await ranking(context, files), expected, "offline");
      await files.set("new");
      same(await ranking(context, files), expected, "of a file that has changed");
      equal((await files.gets()).length, 2, "GETs after it changed");
      equal(await deleteCached(files.model), 1, "deleted");
      await files.set("down");
      await rejects(ranking(context, files), "network");
      equal(await deleteCached(), 1, "the rest");
      same(await listCached(), [], "nothing is left");
      await context.load({ cache: "none", workers: 1, ...filesOf(context, "plain") }).then((/** @type {any} */ it) => it.dispose());
      same(await listCached(), [], "nothing is kept with cache: none");
    },
  },
  {
    name: "cache: a pinned or fresh file is used without asking",
    async run(context) {
      const digest = { model: await sha256(await context.bytes(`models/${SMALL}`)), tokenizer: await sha256(await context.bytes("models/tokenizer.json")) };
      const pinned = filesOf(context, "plain");
      for (let load = 0; load < 2; load++) await ranking(context, { ...pinned, sha256: digest });
      same((await pinned.log()).map(({ method }) => method), ["GET", "GET"], "requests for pinned files");
      ok((await context.listCached()).some((/** @type {any} */ it) => it.url === pinned.model && it.sha256 === digest.model), "the digest is known");
      const fresh = filesOf(context, "fresh");
      for (let load = 0; load < 2; load++) await ranking(context, fresh);
      same((await fresh.log()).filter(({ file }) => file === SMALL).map(({ method }) => method), ["GET"], "requests for a fresh model");
    },
  },
  {
    name: "cache: two loads at once download once",
    async run(context) {
      const files = filesOf(context, "plain");
      const [a, b] = await Promise.all([ranking(context, files), ranking(context, files)]);
      same(a, b, "rankings");
      same((await files.log()).filter(({ method }) => method === "GET").map(({ file }) => file).sort(), [SMALL, "tokenizer.json"].sort(), "GETs");
    },
  },
  {
    name: "download: cut → the rest by range; ranges ignored or no version told → anew; always cut → network",
    async run(context) {
      const expected = await expectedOf(context);
      const { length } = await context.bytes(`models/${SMALL}`);
      // A large one: of a small one a browser forgets what it had when the connection broke.
      const cut = filesOf(context, "cut", LARGE);
      same(await ranking(context, cut), await expectedOf(context, LARGE), "after a cut");
      const asked = await cut.gets();
      const last = asked.at(-1);
      ok(/^bytes=[1-9]\d+-/.test(last?.range ?? ""), `a range, not ${last?.range}`);
      const { length: all } = await context.bytes(`models/${LARGE}`);
      const sent = asked.reduce((sum, it) => sum + it.sent, 0);
      ok(sent < all * 1.3, `little is sent twice: ${sent} bytes of ${all}`);
      equal(last?.ifRange !== undefined, context.runtime === "node", "If-Range, but on a foreign origin, where it would take a preflight");
      for (const mode of ["cut-no-ranges", "cut-no-version"]) {
        const files = filesOf(context, mode);
        same(await ranking(context, files), expected, mode);
        equal((await files.gets()).at(-1)?.sent, length, `${mode}: all of it at last`);
      }
      const always = filesOf(context, "cut-always");
      // Cut right behind the headers: to Firefox that may be a fetch that failed, and then there is nothing to go on with.
      const told = context.runtime === "firefox" ? /3 times|could not be fetched/ : /3 times/;
      const error = await rejects(ranking(context, always), "network", told);
      equal(error.retryable, true, "retryable");
    },
  },
  {
    name: "download: a file that changes between a cut and the rest is taken anew",
    async run(context) {
      const files = filesOf(context, "cut");
      let told = false;
      const onProgress = () => {
        if (!told) void files.set("new");
        told = true;
      };
      same(await ranking(context, { ...files, onProgress }), await expectedOf(context), "ranking");
      equal((await files.gets()).at(-1)?.sent, (await context.bytes(`models/${SMALL}`)).length, "all of it at last");
    },
  },
  {
    name: "download: a file that has become shorter than what is kept of it is taken anew",
    async run(context) {
      const files = filesOf(context, "cut", LARGE);
      let told = false;
      const onProgress = (/** @type {any} */ { loaded }) => {
        if (!told && loaded > PART_BYTES) void files.set("down");
        told ||= loaded > PART_BYTES;
      };
      await rejects(ranking(context, { ...files, onProgress }), "network");
      await files.set("short");
      same(await ranking(context, files), await expectedOf(context), "ranking");
    },
  },
  {
    name: "cache: a file that travels compressed is kept as it is",
    async run(context) {
      const files = filesOf(context, "gzip");
      for (let load = 0; load < 2; load++) same(await ranking(context, files), await expectedOf(context), "ranking");
      equal((await files.gets()).length, 1, "GETs");
    },
  },
  {
    name: "download: a stall ends after timeoutMs and goes on by range",
    async run(context) {
      const files = filesOf(context, "stall");
      same(await ranking(context, { ...files, timeoutMs: 1500 }), await expectedOf(context), "ranking");
      equal((await files.gets()).length, 2, "GETs");
      const unkept = filesOf(context, "stall");
      same(await ranking(context, { ...unkept, timeoutMs: 1500, cache: "none" }), await expectedOf(context), "ranking without a cache");
      equal((await unkept.gets()).length, 2, "GETs without a cache");
    },
  },
  {
    name: "download: a server that is overloaded is asked again, three times in all, and then named",
    async run(context) {
      for (const cache of /** @type {const} */ (["require", "none"])) {
        const busy = filesOf(context, "busy");
        same(await ranking(context, { ...busy, cache }), await expectedOf(context), "ranking");
        equal((await busy.gets()).length, 2, "GETs");
        const always = filesOf(context, "busy-always");
        const error = await rejects(ranking(context, { ...always, cache }), "rate_limited", /answered 429/);
        same([error.status, error.retryable], [429, true]);
        equal((await always.gets()).length, 3, "GETs of one that stays so");
      }
    },
  },
  {
    name: "download: what a lying server sends is never kept",
    async run(context) {
      const more = filesOf(context, "says-more");
      const less = filesOf(context, "says-less");
      const page = filesOf(context, "page");
      // The end is where the server has no more ranges; a foreign origin does not show that.
      if (context.runtime === "node") same(await ranking(context, more), await expectedOf(context), "of the bytes there are");
      else await rejects(ranking(context, more), "network");
      // A client stops where it was told that the end is.
      await rejects(ranking(context, less), "bad_model");
      await rejects(ranking(context, page), "bad_model");
      const kept = (await context.listCached()).filter((/** @type {any} */ it) => it.isComplete).map((/** @type {any} */ it) => it.url);
      for (const { model } of [less, page]) ok(!kept.includes(model), `${model} is not kept`);
    },
  },
  {
    name: "download: wrong bytes are checksum_mismatch and not kept; right ones load after them",
    async run(context) {
      const sha256Of = { model: await sha256(await context.bytes(`models/${SMALL}`)) };
      const wrong = filesOf(context, "wrong-once");
      await rejects(ranking(context, { ...wrong, sha256: sha256Of }), "checksum_mismatch");
      ok(!(await context.listCached()).some((/** @type {any} */ it) => it.url === wrong.model), "wrong bytes are not kept");
      same(await ranking(context, { ...wrong, sha256: sha256Of }), await expectedOf(context), "ranking");
      // Kept without a digest, then asked for by one that it does not have.
      const kept = filesOf(context, "wrong-once");
      await ranking(context, kept).catch(() => {});
      same(await ranking(context, { ...kept, sha256: sha256Of }), await expectedOf(context), "fetched again");
    },
  },
  {
    name: "cache: a damaged, shortened or missing part is fetched again, and that part alone",
    async run(context) {
      await context.deleteCached();
      const files = filesOf(context, "plain", LARGE);
      const expected = await expectedOf(context, LARGE);
      same(await ranking(context, files), expected, "first");
      const isSecond = (/** @type {string} */ name, /** @type {Uint8Array} */ bytes) => /\.1$/.test(name) && bytes.length === PART_BYTES;
      /** @type {((bytes: Uint8Array) => Uint8Array)[]} */
      const damages = [(bytes) => bytes.with(1000, bytes[1000] ^ 1), (bytes) => bytes.slice(0, 1000), () => new Uint8Array(0)];
      for (const [at, damage] of damages.entries()) {
        await tamper(context.runtime, (name, bytes) => (isSecond(name, bytes) ? damage(bytes) : undefined));
        same(await ranking(context, files), expected, `after damage ${at}`);
        const asked = (await files.gets()).at(-1);
        equal(asked?.range, `bytes=${PART_BYTES}-`, "range");
      }
      await tamper(context.runtime, (name) => (name.endsWith(".json") ? new TextEncoder().encode("{\"version\":1,") : undefined));
      same(await ranking(context, files), expected, "after the manifest was damaged");
      equal((await files.gets()).length, 5, "GETs");
    },
  },
  {
    name: "cache: a load that was aborted is taken up where it ended",
    async run(context) {
      const files = filesOf(context, "plain", LARGE);
      const { length } = await context.bytes(`models/${LARGE}`);
      const stop = new AbortController();
      const onProgress = (/** @type {any} */ { loaded }) => loaded > 1.5 * PART_BYTES && stop.abort();
      await rejects(ranking(context, { ...files, signal: stop.signal, onProgress }), "aborted");
      same(await ranking(context, files), await expectedOf(context, LARGE), "ranking");
      const asked = (await files.gets()).at(-1);
      ok(/^bytes=\d+-$/.test(asked?.range ?? ""), `a range, not ${asked?.range}`);
      ok(Number(asked?.sent) <= length - PART_BYTES, `less than all of it: ${asked?.sent} of ${length}`);
    },
  },
  {
    name: "cache: one without room is storage_full with require, a note with auto",
    async run(context) {
      const full = { match: async () => undefined, put: async () => { throw new DOMException("full", "QuotaExceededError"); }, delete: async () => true };
      const plain = filesOf(context, "plain");
      const reranker = await context.load({ ...plain, tokenizer: plain.tokenizer, model: plain.model, log: undefined, cache: full, workers: 1 });
      ok(reranker.plan.notes.some((/** @type {string} */ it) => it.startsWith("storage_full: ")), `a note, not ${reranker.plan.notes}`);
      equal((await reranker.rerank(REQUEST)).results.length, 2, "results");
      reranker.dispose();
      if (context.runtime === "node") return;
      const { estimate, persist } = StorageManager.prototype;
      let persists = 0;
      StorageManager.prototype.estimate = async () => ({ quota: 1000, usage: 900 });
      StorageManager.prototype.persist = async () => (persists++, false);
      try {
        await rejects(ranking(context, filesOf(context, "plain")), "storage_full", /deleteCached/);
        ok(persists > 0, "asked to be persisted");
        equal((await ranking(context, { ...filesOf(context, "plain"), cache: "auto" })).length, 2, "results with auto");
      } finally {
        Object.assign(StorageManager.prototype, { estimate, persist });
      }
    },
  },
  {
    name: "cache: one of the caller's own, with match and put alone",
    async run(context) {
      /** @type {Map<string, Response>} */
      const kept = new Map();
      const cache = { match: async (/** @type {string} */ url) => kept.get(url)?.clone(), put: async (/** @type {string} */ url, /** @type {Response} */ reply) => void kept.set(url, reply) };
      const files = filesOf(context, "plain");
      const expected = await expectedOf(context);
      for (let load = 0; load < 2; load++) same(await ranking(context, { ...files, cache }), expected, `load ${load}`);
      equal((await files.gets()).length, 1, "GETs");
    },
  },
];

export const cases = all.map((it) => ({ not: /** @type {const} */ (["workerd"]), ...it }));
