// @ts-check
// Reads a caller's options once: defaults, the address, the key, and whether a page may hold it.

import { invalidRequest } from "./error.js";
import { checkNumber, checkTypes, pick, typeName } from "./request.js";

const OPTIONS = /** @type {const} */ ([
  "provider", "apiKey", "authScheme", "auth", "baseUrl", "model", "timeoutMs", "deadlineMs", "maxRetries", "maxConcurrency",
  "longDocuments", "strict", "headers", "fetch", "dangerouslyAllowBrowser", "debugBodies", "onAttempt",
]);

/** Hosts that know vendor keys. */
const VENDOR_HOST = /(^|\.)(dmxapi\.(cn|com)|baidubce\.com)$/;
const DMXAPI_HOST = /(^|\.)dmxapi\.(cn|com)$/;

/** Where each service is. */
const DMXAPI = { origin: "https://www.dmxapi.cn", path: "/v1/rerank" };
const QIANFAN_V1 = { origin: "https://aip.baidubce.com", path: "/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base" };
const QIANFAN_V2 = { origin: "https://qianfan.baidubce.com", path: "/v2/rerank" };
const TOKEN_URL = "https://aip.baidubce.com/oauth/2.0/token";

/**
 * Qianfan's ways in: where, and which of `auth`'s fields is what to Rust; `?` may be missing.
 * @type {Record<string, { address: typeof DMXAPI, keys: Record<string, string> }>}
 */
const AUTHS = {
  "access-token": { address: QIANFAN_V1, keys: { key: "accessToken" } },
  oauth: { address: QIANFAN_V1, keys: { key: "apiKey", secret: "secretKey" } },
  iam: { address: QIANFAN_V1, keys: { key: "accessKeyId", secret: "secretAccessKey", sessionToken: "sessionToken?" } },
  bearer: { address: QIANFAN_V2, keys: { key: "apiKey" } },
};

/**
 * @typedef {object} OptionSecret
 * @property {string} name the option it came in
 * @property {string} field what Rust calls it
 * @property {any} value a string, a function, or nothing
 */

/** @param {any} options @returns {Record<string, any>} what the facade keeps, and `engine`: what Rust gets */
export function readOptions(options) {
  if (typeof options !== "object" || options === null) throw invalidRequest(`options: expected { provider, … }, found ${typeName(options)}`);
  const read = pick(options, OPTIONS);
  checkOptions(read);
  const { secrets, auth, address, ...token } = read.provider === "dmxapi" ? readDmxapi(read) : readQianfan(read);
  const url = endpoint(read.baseUrl, address);
  const headers = readHeaders(read.headers);
  for (const target of [url, token.tokenUrl]) guardKey(target, secrets, headers, read.dangerouslyAllowBrowser === true);
  return {
    ...pick(read, ["timeoutMs", "deadlineMs", "maxRetries", "debugBodies"]),
    headers,
    secrets,
    engine: {
      ...pick(read, ["provider", "model", "strict", "maxConcurrency", "longDocuments", "fetch"]),
      url: url.href,
      tokenUrl: token.tokenUrl?.href,
      tokenStore: token.tokenStore,
      auth: auth ?? read.authScheme ?? (DMXAPI_HOST.test(url.hostname) ? "raw" : "bearer"),
      onAttempt: quiet(read.onAttempt),
    },
  };
}

/** @param {any} headers a plain object or a Headers @returns {[string, string | null][]} */
export function readHeaders(headers) {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== "object") throw invalidRequest(`headers: expected an object, found ${typeName(headers)}`);
  /** @type {[string, any][]} */
  const entries = typeof headers.entries === "function" ? [...headers.entries()] : Object.entries(headers);
  const set = entries.filter(([, value]) => value !== undefined);
  // Which name it is stays unsaid: a caller may have swapped name and value.
  const odd = set.find(([, value]) => typeof value !== "string" && value !== null);
  if (odd) throw invalidRequest(`headers: expected strings or null, found ${typeName(odd[1])}`);
  return set;
}

/** @param {Record<string, any>} read */
function checkOptions(read) {
  if (read.provider !== "dmxapi" && read.provider !== "qianfan") {
    throw invalidRequest(`provider: expected "dmxapi" or "qianfan", found ${typeof read.provider === "string" ? "another string" : typeName(read.provider)}`);
  }
  checkNumber("timeoutMs", read.timeoutMs, { above: 0 });
  checkNumber("deadlineMs", read.deadlineMs, { above: 0 });
  checkNumber("maxRetries", read.maxRetries, { least: 0, whole: true });
  checkNumber("maxConcurrency", read.maxConcurrency, { least: 1, whole: true });
  checkTypes(read, { model: "string", strict: "boolean", dangerouslyAllowBrowser: "boolean", debugBodies: "boolean", fetch: "function", onAttempt: "function" });
  if (read.model === "") throw invalidRequest("model: expected a name, found an empty string; leave it out for the default");
  oneOf("longDocuments", read.longDocuments, ["error", "truncate", "windows"]);
  oneOf("authScheme", read.authScheme, ["raw", "bearer"]);
}

/**
 * @param {Record<string, any>} read
 * @returns {{ secrets: OptionSecret[], auth?: string, address: typeof DMXAPI, tokenUrl?: URL, tokenStore?: object }}
 */
function readDmxapi({ apiKey }) {
  return { secrets: [{ name: "apiKey", field: "key", value: checkSecret("apiKey", apiKey) }], address: DMXAPI };
}

/** @param {Record<string, any>} read @returns {ReturnType<typeof readDmxapi>} */
function readQianfan({ auth, baseUrl }) {
  // A proxy of one's own holds the keys; before the service itself guardKey asks for them.
  if (auth === undefined && baseUrl !== undefined) return { secrets: [{ name: "auth", field: "key", value: undefined }], auth: "bearer", address: QIANFAN_V2 };
  const given = auth ?? {};
  const { type } = pick(given, ["type"]);
  if (typeof type !== "string" || !Object.hasOwn(AUTHS, type)) {
    throw invalidRequest('auth: expected { type: "access-token" | "oauth" | "iam" | "bearer", … }, found another');
  }
  const { address, keys } = AUTHS[type];
  const secrets = Object.entries(keys).map(([field, key]) => {
    const name = `auth.${key.replace("?", "")}`;
    const value = given[key.replace("?", "")];
    if (value === undefined && !key.endsWith("?")) throw invalidRequest(`${name}: expected a string or a function, found undefined`);
    return { name, field, value: checkSecret(name, value) };
  });
  if (type !== "oauth") return { secrets, auth: type, address };
  const { tokenUrl = TOKEN_URL, tokenStore } = pick(given, ["tokenUrl", "tokenStore"]);
  return { secrets, auth: type, address, tokenUrl: readAddress("auth.tokenUrl", tokenUrl), tokenStore: checkStore(tokenStore) };
}

/** @param {string} name @param {unknown} secret */
function checkSecret(name, secret) {
  if (secret !== undefined && typeof secret !== "string" && typeof secret !== "function") {
    throw invalidRequest(`${name}: expected a string or a function, found ${typeName(secret)}`);
  }
  if (typeof secret === "string" && secret.trim() === "") throw invalidRequest(`${name}: expected a key, found an empty string`);
  return secret;
}

/** @param {any} baseUrl @param {{ origin: string, path: string }} address */
function endpoint(baseUrl, { origin, path }) {
  const url = readAddress("baseUrl", baseUrl ?? origin);
  const given = url.pathname.replace(/\/+$/, "");
  if (/\/(rerank|rerankers|bce_reranker_base)$/.test(given)) url.pathname = given;
  else url.pathname = given + (/\/v[12]$/.test(given) ? "/rerank" : path);
  url.hash = "";
  return url;
}

/** @param {string} name @param {any} address */
function readAddress(name, address) {
  if (!(address instanceof URL) && typeof address !== "string") throw invalidRequest(`${name}: expected a string, found ${typeName(address)}`);
  const url = parseUrl(String(address));
  // Never shown: an address may carry a key.
  if (!url || !/^https?:$/.test(url.protocol)) throw invalidRequest(`${name}: expected an http(s) address, found another string`);
  if (url.username || url.password) throw invalidRequest(`${name}: expected no user or password in it; use apiKey, auth or headers`);
  return url;
}

/** @param {string} address relative only where there is a page to be relative to */
function parseUrl(address) {
  const page = typeof location === "object" && /^https?:/.test(location?.href ?? "") ? location.href : undefined;
  try {
    return new URL(address, page);
  } catch {
    return undefined;
  }
}

/** @param {URL | undefined} url @param {OptionSecret[]} secrets @param {[string, string | null][]} headers @param {boolean} allowed */
function guardKey(url, [{ name, value: key }], headers, allowed) {
  if (!url || !VENDOR_HOST.test(url.hostname)) return;
  const inHeaders = headers.some(([header, value]) => header.toLowerCase() === "authorization" && value !== null);
  if (key === undefined && !inHeaders) throw invalidRequest(`${name}: expected a string or a function, found undefined`);
  if (!allowed && isPage()) {
    throw invalidRequest(
      `${name}: a page shows its key to everyone who opens it; call through a server of yours and set baseUrl to it, ` +
        "or set dangerouslyAllowBrowser: true where all who open the page may have the key",
    );
  }
}

/** A real page, or a worker of one: not Node with jsdom, not Electron's Node, not Deno, Bun or an edge runtime. */
function isPage() {
  const world = /** @type {any} */ (globalThis);
  if (world.process?.versions?.node || world.Deno || world.Bun || world.EdgeRuntime) return false;
  if (world.navigator?.userAgent === "Cloudflare-Workers") return false;
  return typeof world.document === "object" || (typeof world.WorkerGlobalScope === "function" && typeof world.importScripts === "function");
}

/** Told of attempts: what it throws must not change the call. @param {undefined | ((attempt: any) => void)} onAttempt */
function quiet(onAttempt) {
  if (!onAttempt) return undefined;
  return (/** @type {any} */ attempt) => {
    try {
      onAttempt(attempt);
    } catch {
      // The caller's to notice.
    }
  };
}

/** @param {any} store @returns {object | undefined} */
function checkStore(store) {
  if (store === undefined || (typeof store?.get === "function" && typeof store.set === "function")) return store;
  throw invalidRequest(`auth.tokenStore: expected { get, set }, found ${typeName(store)}`);
}

/** @param {string} name @param {unknown} value undefined is fine @param {string[]} words */
function oneOf(name, value, words) {
  if (value === undefined || words.includes(/** @type {any} */ (value))) return;
  throw invalidRequest(`${name}: expected ${words.map((word) => `"${word}"`).join(" or ")}, found ${typeof value === "string" ? "another string" : typeName(value)}`);
}
