// @ts-check
// One cell of the table: the example's way in, as one JSON object, whatever happens.

import { rankLocally, rankRemotely } from "./example.mjs";

/** @param {string} entry "./local" or "./remote" @param {{ baseUrl: string, apiKey: string }} where @returns {Promise<{ answer?: string, error?: string }>} */
export async function cell(entry, where) {
  try {
    return { answer: entry === "./local" ? await rankLocally() : await rankRemotely(where) };
  } catch (/** @type {any} */ error) {
    return { error: `${error?.code ?? error?.name}: ${error?.message}` };
  }
}
