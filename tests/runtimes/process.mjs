// @ts-check
// A cell in a process of Node, Deno or Bun: `process.mjs ENTRY BASE_URL API_KEY MODELS` prints it as its last line.

import { cell } from "./cell.mjs";

const [entry, baseUrl, apiKey, models] = process.argv.slice(2);
console.log(JSON.stringify(await cell(entry, { baseUrl, apiKey, models })));
// Nothing is left running: what still waited would keep the process, and the test, alive.
