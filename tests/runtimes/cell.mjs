// @ts-check
// One cell of the table: the example's way in, as one JSON object, whatever happens.

import { rankLocally, rankRemotely } from "./example.mjs";
import { rankOnWorkers } from "./workers.mjs";

/** @param {string} entry "./local", "./remote" or "workers" @param {{ baseUrl: string, apiKey: string, models?: string }} where @returns {Promise<{ answer?: string, error?: string }>} */
export async function cell(entry, where) {
  try {
    if (entry === "workers") return { answer: await rankOnWorkers(String(where.models)) };
    return { answer: entry === "./local" ? await rankLocally() : await rankRemotely(where) };
  } catch (/** @type {any} */ error) {
    return { error: `${error?.code ?? error?.name}: ${error?.message}` };
  }
}
