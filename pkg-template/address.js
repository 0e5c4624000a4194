// @ts-check
// What a caller names as an address → a whole URL.

import { invalidRequest } from "./error.js";

/** @param {string} name of the option @param {() => string | URL} given @returns {URL} */
export function addressOf(name, given) {
  const base = typeof location === "object" ? (globalThis.document?.baseURI ?? location.href) : undefined;
  try {
    return new URL(given(), base);
  } catch {
    // It may hold a signed token.
    throw invalidRequest(`${name}: expected a URL${base ? "" : ", absolute here"}, found none in what was given`);
  }
}
