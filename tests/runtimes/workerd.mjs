// @ts-check
// A cell in a Worker: /?entry=…&baseUrl=…&apiKey=…

import { cell } from "./cell.mjs";

export default {
  /** @param {Request} request */
  async fetch(request) {
    const { entry, baseUrl, apiKey } = Object.fromEntries(new URL(request.url).searchParams);
    return Response.json(await cell(entry, { baseUrl, apiKey }));
  },
};
