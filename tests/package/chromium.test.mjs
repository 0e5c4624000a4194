// @ts-check
// The local path in a page of a real Chromium, and the demo page as its visitors use it.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { serve } from "../../www/serve.mjs";
import { openBrowser } from "./chromium.mjs";
import { serveFaulty } from "./faulty-server.mjs";
import { makeModels, serveFixtures } from "./fixtures.mjs";
import { ROOT, installed } from "./installed.mjs";
import { cases } from "./local-cases.mjs";

const { browser, missing } = await openBrowser();
if (missing) console.log(`# skipped: ${missing}`);

const OUTPUT = join(ROOT, "tests", "output");
const HERE = join(ROOT, "tests", "package");
/** A page's policy without and with the right to compile wasm. */
const POLICIES = { "/csp/": "script-src 'self' 'unsafe-inline'", "/csp-wasm/": "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'", "/sandboxed/": "sandbox allow-scripts" };

if (browser) {
  const fixtures = await serveFixtures({
    mounts: { "/tests/": HERE, "/csp/": join(HERE, "host"), "/csp-wasm/": join(HERE, "host"), "/sandboxed/": join(HERE, "host") },
    headers: (path) => {
      const policy = Object.entries(POLICIES).find(([prefix]) => path.startsWith(prefix))?.[1];
      return policy ? { "content-security-policy": policy } : {};
    },
  });
  const faulty = await serveFaulty(makeModels());
  const demo = await serve({ mounts: { "/": join(ROOT, "www"), "/pkg/": installed.pkg, "/pkg-model/": installed.model } });
  after(async () => {
    await browser.close();
    await Promise.all([fixtures.close(), faulty.close(), demo.close()]);
  });

  const open = async (/** @type {string} */ path) => {
    const page = await browser.newPage();
    await page.goto(`${fixtures.url}${path}`);
    await page.waitForFunction(() => "runCase" in globalThis);
    return page;
  };
  const host = await open("/tests/host/");

  for (const { name, not = [], numbers } of cases) {
    const runIn = (/** @type {string | undefined} */ wasm) => async (/** @type {import("node:test").TestContext} */ t) => {
      const note = await host.evaluate(([name, options]) => /** @type {any} */ (globalThis).runCase(name, options), /** @type {const} */ ([name, { wasm, faulty: faulty.url }]));
      if (note) t.diagnostic(note);
    };
    const skip = not.includes("chromium");
    test(name, { skip }, runIn(undefined));
    if (numbers && !skip) test(`simd128: ${name}`, runIn(`${fixtures.url}/pkg/local.simd128.wasm`));
  }

  test("after load, ranking makes no request, also with the network gone", async () => {
    const page = await open("/tests/host/");
    /** @type {string[]} */
    const requests = [];
    await page.evaluate(async () => {
      const it = /** @type {any} */ (globalThis);
      it.reranker = await it.api.LocalReranker.load();
    });
    page.on("request", (request) => requests.push(request.url()));
    await page.context().setOffline(true);
    const count = await page.evaluate(async () => {
      const { results } = await /** @type {any} */ (globalThis).reranker.rerank({ query: "上海天气", documents: ["上海气候", "北京美食"] });
      return results.length;
    });
    assert.equal(count, 2);
    assert.deepEqual(requests, []);
    await page.close();
  });

  test("the page's thread stays free while the default model loads and ranks on workers", async (t) => {
    const page = await open("/tests/host/");
    const { longest, compiled, mostBytes } = await page.evaluate(async () => {
      const { compiledHere } = await import(String(new URL("/tests/local/workers.mjs", location.href)));
      let mostBytes = 0;
      const { postMessage } = Worker.prototype;
      Worker.prototype.postMessage = function (/** @type {any} */ message, /** @type {any} */ transfer) {
        for (const { byteLength = 0 } of transfer ?? []) mostBytes = Math.max(mostBytes, byteLength);
        postMessage.call(this, message, transfer);
      };
      const tasks = [0];
      const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration)));
      observer.observe({ type: "longtask" });
      const compiled = await compiledHere(async () => {
        const reranker = await /** @type {any} */ (globalThis).api.LocalReranker.load({ cache: "none", workers: 2 });
        const documents = Array.from({ length: 20 }, (_, n) => `${n} The weather was sunny and the garden path was dry. `.repeat(1 + n));
        await reranker.rerank({ query: "Was the path dry?", documents });
        // The observer is told a little later.
        await new Promise((done) => setTimeout(done, 100));
        reranker.dispose();
        // A whole file comes at once, as a part of one does out of the cache.
        const { name: url } = performance.getEntriesByType("resource").find(({ name }) => name.endsWith(".onnx")) ?? { name: "" };
        const model = await (await fetch(url)).arrayBuffer();
        const tokenizer = await (await fetch(new URL("tokenizer.json", url))).arrayBuffer();
        (await /** @type {any} */ (globalThis).api.LocalReranker.load({ model, tokenizer, workers: 2 })).dispose();
      });
      return { longest: Math.max(...tasks), compiled, mostBytes };
    });
    assert.deepEqual(compiled, []);
    // Each is copied in the page's thread, for each worker.
    assert.ok(mostBytes > 0 && mostBytes <= 1 << 20, `a message of ${mostBytes} bytes`);
    // No bound: a busy machine stretches whatever runs, and tests/bench/thread.mjs measures.
    t.diagnostic(`longest task: ${longest === 0 ? "under 50" : longest.toFixed(0)} ms`);
    await page.close();
  });

  test("a load that is aborted while its worker compiles leaves another one's alone", async () => {
    for (const ms of [0, 10, 30, 60]) {
      // In a page where nothing is compiled yet.
      const page = await open("/tests/host/");
      const outcome = await page.evaluate(async (ms) => {
        const { LocalReranker } = /** @type {any} */ (globalThis).api;
        const stop = new AbortController();
        const options = { model: "/models/tiny_int8.onnx", cache: "none", workers: 1 };
        // Where loading is that fast, it may be over before.
        const settled = (/** @type {any} */ reranker) => (reranker.dispose(), stop.signal.aborted ? "loaded" : "aborted");
        const aborted = LocalReranker.load({ ...options, signal: stop.signal }).then(settled, (/** @type {any} */ error) => error.code);
        const other = LocalReranker.load(options);
        setTimeout(() => stop.abort(), ms);
        const { results } = await (await other).rerank({ query: "q", documents: ["a"] });
        return [await aborted, results.length];
      }, ms);
      assert.deepEqual(outcome, ["aborted", 1]);
      assert.equal(page.workers().length, 1);
      await page.close();
    }
  });

  test("two tabs download once", async () => {
    const load = async (/** @type {string} */ url) => {
      const options = { model: `${url}/plain/tabs/tiny_int8.onnx`, tokenizer: `${url}/plain/tabs/tokenizer.json`, workers: 1 };
      (await /** @type {any} */ (globalThis).api.LocalReranker.load(options)).dispose();
    };
    // Of one profile: pages of newPage() have one each.
    const context = await browser.newContext();
    const tabs = await Promise.all([context.newPage(), context.newPage()]);
    await Promise.all(tabs.map(async (tab) => {
      await tab.goto(`${fixtures.url}/tests/host/`);
      await tab.waitForFunction(() => "runCase" in globalThis);
    }));
    await Promise.all(tabs.map((tab) => tab.evaluate(load, faulty.url)));
    const log = /** @type {any[]} */ (await (await fetch(`${faulty.url}/log/tabs`)).json());
    assert.deepEqual(log.filter(({ method }) => method === "GET").map(({ file }) => file).sort(), ["tiny_int8.onnx", "tokenizer.json"]);
    await context.close();
  });

  test("importing makes no request and compiles nothing", async () => {
    const page = await open("/tests/host/");
    const wasm = await page.evaluate(() => performance.getEntriesByType("resource").map((it) => it.name).filter((name) => /\.(wasm|onnx)$/.test(name)));
    assert.deepEqual(wasm, []);
    await page.close();
  });

  test("a policy without 'wasm-unsafe-eval' is wasm_unavailable and says so; with it all is well", async () => {
    /** @param {string} path @param {number | "auto"} workers @param {string} [policy] of the worker's script */
    const load = async (path, workers, policy) => {
      const page = await open(path);
      if (policy) {
        await page.context().route("**/worker/worker.js", async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": policy } });
        });
      }
      const outcome = await page.evaluate(async (workers) => {
        const { LocalReranker } = /** @type {any} */ (globalThis).api;
        try {
          const reranker = await LocalReranker.load({ model: "/models/tiny_int8.onnx", workers });
          const { results } = await reranker.rerank({ query: "q", documents: ["a"] });
          reranker.dispose();
          return `ranked ${results.length}`;
        } catch (/** @type {any} */ error) {
          return `${error.code}: ${error.message}`;
        }
      }, workers);
      await page.close();
      return outcome;
    };
    const refused = /^wasm_unavailable: .*wasm-unsafe-eval/;
    assert.match(await load("/csp/", 0), refused);
    for (const workers of /** @type {const} */ ([1, 2, "auto"])) assert.match(await load("/csp/", workers, POLICIES["/csp/"]), refused);
    assert.equal(await load("/csp-wasm/", 0), "ranked 1");
    assert.equal(await load("/csp-wasm/", 2, POLICIES["/csp-wasm/"]), "ranked 1");
    // A worker's policy is its own: the page compiles nothing.
    assert.equal(await load("/csp/", 2), "ranked 1");
  });

  test("a page of no origin, as in a sandboxed frame, ranks without caches, locks and workers", async () => {
    const page = await open("/sandboxed/");
    const outcome = await page.evaluate(async () => {
      const { LocalReranker, listCached, deleteCached } = /** @type {any} */ (globalThis).api;
      const reranker = await LocalReranker.load({ model: "/models/tiny_int8.onnx" });
      const { results } = await reranker.rerank({ query: "q", documents: ["a"] });
      const refusal = await LocalReranker.load({ model: "/models/tiny_int8.onnx", cache: "require" }).catch((/** @type {any} */ error) => error.code);
      return [origin, results.length, refusal, await listCached(), await deleteCached()];
    });
    assert.deepEqual(outcome, ["null", 1, "unsupported", [], 0]);
    await page.close();
  });

  test("RemoteReranker needs no 'unsafe-eval'", async () => {
    const page = await open("/csp-wasm/");
    const best = await page.evaluate(async () => {
      const { RemoteReranker } = /** @type {any} */ (globalThis).api;
      const reply = { results: [{ index: 1, relevance_score: 0.9 }, { index: 0, relevance_score: 0.1 }] };
      const reranker = new RemoteReranker({ provider: "dmxapi", apiKey: "sk-0", baseUrl: "/api", fetch: async () => Response.json(reply) });
      return (await reranker.rerank({ query: "q", documents: ["a", "b"] })).results[0].document;
    });
    assert.equal(best, "b");
    await page.close();
  });

  test("the demo page: an example, then typed text, by mouse and by keyboard alone; errors in words", async () => {
    const page = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    /** @type {string[]} */
    const faults = [];
    page.on("pageerror", (error) => faults.push(String(error)));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(`${demo.url}/`);
    const rows = page.locator("#ranking li");
    const order = () => rows.evaluateAll((all) => all.map((row) => Number(/** @type {HTMLElement} */ (row).dataset.index)));
    const ranked = (/** @type {number} */ count) => page.locator("#status", { hasText: new RegExp(`^${count} documents? in \\d+ ms`) }).waitFor({ timeout: 120_000 });

    await page.getByRole("button", { name: "Rank" }).click();
    await ranked(3);
    assert.deepEqual(await order(), goldenOrder("如何预防感冒"));
    assert.equal(await page.getByRole("meter").count(), 3);

    await page.getByLabel("Query").fill("What is the capital of Mongolia?");
    await page.getByLabel("Documents").fill("Capital gains are taxed when the shares are sold.\n\nUlaanbaatar is the capital and the largest city of Mongolia.");
    await page.getByLabel("Documents").press("Control+Enter");
    await ranked(2);
    assert.deepEqual(await order(), [1, 0]);
    assert.match(await rows.first().innerText(), /Ulaanbaatar/);

    const example = page.getByRole("button", { name: /English/ });
    await example.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter"); // the example's query has the focus now
    await ranked(3);
    assert.deepEqual(await order(), [2, 1, 0]);
    mkdirSync(OUTPUT, { recursive: true });
    await page.screenshot({ path: join(OUTPUT, "demo.png"), fullPage: true });

    await page.getByLabel("Documents").fill(" \n\t");
    await page.getByRole("button", { name: "Rank" }).click();
    assert.equal(await page.locator("#documents:invalid").count(), 1, "blank lines are no documents");
    await page.getByLabel("Documents").fill("Some text.");
    await page.getByLabel("Query").fill("   ");
    await page.getByRole("button", { name: "Rank" }).click();
    await page.locator("#error", { hasText: /query: expected some text.*invalid_request/ }).waitFor();
    assert.deepEqual(faults, []);
    await page.close();
  });
}

/** Indices in the order of the fp32 model. @param {string} query */
function goldenOrder(query) {
  const lines = readFileSync(join(ROOT, "tests", "golden", "pairs.jsonl"), "utf8").trim().split("\n");
  const pairs = lines.map((line) => JSON.parse(line)).filter((pair) => pair.query === query);
  return [...pairs.keys()].sort((a, b) => pairs[b].fp32_logit - pairs[a].fp32_logit);
}
