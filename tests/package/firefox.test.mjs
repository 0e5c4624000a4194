// @ts-check
// What differs from browser to browser: workers and the cache, in a real Firefox.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";

import { serveFaulty } from "./faulty-server.mjs";
import { openFirefox } from "./firefox.mjs";
import { makeModels, serveFixtures } from "./fixtures.mjs";
import { ROOT } from "./installed.mjs";
import { cases as cache } from "./local/cache.mjs";
import { cases as deaths } from "./local/deaths.mjs";
import { cases as parts } from "./local/parts.mjs";
import { cases as workers } from "./local/workers.mjs";

const { browser, missing } = await openFirefox();

if (missing) test("Firefox", { skip: missing }, () => {});

if (browser) {
  const fixtures = await serveFixtures({ mounts: { "/tests/": join(ROOT, "tests", "package") } });
  const faulty = await serveFaulty(makeModels());
  after(async () => {
    await browser.close();
    await Promise.all([fixtures.close(), faulty.close()]);
  });
  const open = async () => {
    const page = await browser.newPage();
    await page.goto(`${fixtures.url}/tests/host/`);
    await page.waitForFunction("'runCase' in globalThis");
    return page;
  };
  const host = await open();

  for (const { name } of [...workers, ...deaths, ...parts, ...cache]) {
    test(`Firefox: ${name}`, async (t) => {
      const options = JSON.stringify({ faulty: faulty.url, runtime: "firefox" });
      const note = await host.evaluate(`runCase(${JSON.stringify(name)}, ${options})`);
      if (note) t.diagnostic(String(note));
    });
  }

  test("Firefox: two tabs download once", async () => {
    const load = `(async () => {
      const reranker = await api.LocalReranker.load({ model: "${faulty.url}/plain/tabs/tiny_int8.onnx", tokenizer: "${faulty.url}/plain/tabs/tokenizer.json", workers: 1 });
      reranker.dispose();
    })()`;
    const other = await open();
    await Promise.all([host.evaluate(load), other.evaluate(load)]);
    const log = /** @type {any[]} */ (await (await fetch(`${faulty.url}/log/tabs`)).json());
    assert.deepEqual(log.filter(({ method }) => method === "GET").map(({ file }) => file).sort(), ["tiny_int8.onnx", "tokenizer.json"]);
    await other.close();
  });
}
