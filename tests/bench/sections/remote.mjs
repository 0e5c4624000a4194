// @ts-check
// What the remote client adds to bare fetch, on the loopback.

import { openAlone } from "../browsers/tab.mjs";
import { firstLine } from "../compare.mjs";
import { serveRerankApi } from "../rerank-api.mjs";
import { quantile } from "../statistics.mjs";

const ROUNDS = 5;
const COUNT = 200;
/** As many at a time as the client itself sends parts. */
const CONCURRENCY = [1, 4];
const REQUEST = { query: "how to prevent a cold", documents: Array.from({ length: 20 }, (_, index) => `Document ${index} says to wash your hands often and to air the rooms.`) };

/** @param {import("./index.mjs").Context} context @returns {AsyncGenerator<import("../results.mjs").Cell>} */
export async function* measureRemote({ url, browser, run, log }) {
  const api = await serveRerankApi();
  const tab = await openAlone(browser, `${url}/`);
  const base = { ...run.part(), kind: "remote", browser: browser.name };
  const clients = { "fetch": "fetch", ours: "rerank-wasm/remote" };
  try {
    for (const concurrency of CONCURRENCY) {
      log(`remote: ${concurrency} at a time`);
      /** @type {Record<string, { samples: number[], each: number[] }>} */
      const found = {};
      for (let round = -1; round < ROUNDS; round++) {
        for (const how of round % 2 ? Object.keys(clients).reverse() : Object.keys(clients)) {
          const { ms, each } = await tab.call("sendRequests", { url: api.url, how, request: REQUEST, count: COUNT, concurrency });
          // The round before the first warms up.
          if (round < 0) found[how] = { samples: [], each: [] };
          else {
            found[how].samples.push(ms / COUNT);
            found[how].each.push(...each);
          }
        }
      }
      for (const [how, engine] of Object.entries(clients)) {
        const { samples, each } = found[how];
        const values = { requestsPerSecond: 1_000 / quantile(samples, 0.5), p50: quantile(each, 0.5), p99: quantile(each, 0.99) };
        yield { ...base, workload: `${concurrency} at a time`, engine, status: "measured", samples, values };
      }
    }
  } catch (error) {
    for (const engine of Object.values(clients)) yield { ...base, engine, status: "not run", reason: firstLine(error) };
  } finally {
    await tab.close();
    await api.close();
  }
}
