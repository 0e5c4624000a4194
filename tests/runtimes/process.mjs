// @ts-check
// A cell in a process of Node, Deno or Bun: `process.mjs ENTRY BASE_URL API_KEY` prints it as its last line.

import { cell } from "./cell.mjs";

const [entry, baseUrl, apiKey] = process.argv.slice(2);
console.log(JSON.stringify(await cell(entry, { baseUrl, apiKey })));
// Nothing is left running: what still waited would keep the process, and the test, alive.
