// @ts-check
// The bench's page in a real Chromium, with this package in it: what `npm run bench -- --quick` does first, without peers.

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { findBrowser } from "../package/chromium.mjs";
import { installed } from "../package/installed.mjs";
import { without } from "../package/programs.mjs";
import { openChromium } from "./browsers/chromium.mjs";
import { openAlone, wanted } from "./browsers/tab.mjs";
import { compare } from "./compare.mjs";
import { prepareModel } from "./models.mjs";
import { serveBench } from "./server.mjs";

const server = await serveBench(installed);
const { missing } = findBrowser();
const browser = missing === undefined ? await openChromium() : undefined;
after(async () => {
  await browser?.close();
  await server.close();
});

const request = { query: "What is the capital of Mongolia?", documents: ["Ulaanbaatar is the capital of Mongolia.", "Bread rises."], rows: [] };

if (missing !== undefined) test("the bench's page", { skip: without(missing).missing }, () => {});

if (browser) {
  test("ours is loaded from its files, measured and compared with its other binary", async () => {
    prepareModel("default");
    const engines = ["ours", "ours-simd128"];
    const tabs = [];
    for (const engine of engines) {
      const tab = await openAlone(browser, `${server.url}/`);
      const { ms, firstRankingMs, wasmBytes, urls } = await tab.call("start", { ...wanted(engine, "default"), request });
      assert.ok(ms > firstRankingMs && firstRankingMs > 0);
      assert.ok(wasmBytes > 10e6, `${wasmBytes} bytes of wasm memory`);
      assert.ok(urls.some((/** @type {string} */ url) => url.endsWith(".onnx")));
      tabs.push({ engine, ...tab });
    }
    const [first, second] = await compare(tabs, request, { rounds: 2, warmUp: { times: 1, ms: 0 } });
    assert.equal(first.samples?.length, 2);
    assert.equal(second.agreement?.maxDifference, 0, "both binaries give the same scores");
    for (const tab of tabs) await tab.close();
  });

  test("the threads' page is isolated, others are not; an engine that is not there is an error, not a hang", async () => {
    const isolated = await openAlone(browser, `${server.url}/isolated/`);
    assert.equal(await isolated.call("isolated"), true);
    await isolated.close();
    const tab = await openAlone(browser, `${server.url}/`);
    assert.equal(await tab.call("isolated"), false);
    assert.match(await tab.call("relaxedDot"), /^(signed|unsigned|saturating|none)$/);
    await assert.rejects(tab.call("load", { adapter: "nothing.js", model: "default" }), /dynamically imported module/);
    await tab.close();
  });
}
