// @ts-check
// Reads a caller's options once: defaults, the address, the key, and whether a page may hold it.

import { RerankError, invalidRequest } from "./error.js";
import { checkNumber, pick, typeName } from "./request.js";

const OPTIONS = /** @type {const} */ ([
  "provider", "apiKey", "authScheme", "auth", "baseUrl", "model", "timeoutMs", "deadlineMs", "maxRetries", "maxConcurrency",
  "longDocuments", "strict", "headers", "fetch", "dangerouslyAllowBrowser", "onAttempt",
]);

/** Hosts that know vendor keys. */
const VENDOR_HOST = /(^|\.)(dmxapi\.(cn|com)|baidubce\.com)$/;
const DMXAPI_HOST = /(^|\.)dmxapi\.(cn|com)$/;

/** Where each service is. */
const ADDRESSES = {
  dmxapi: { origin: "https://www.dmxapi.cn", path: "/v1/rerank" },
  "access-token": {
    origin: "https://aip.baidubce.com",
    path: "/rpc/2.0/ai_custom/v1/wenxinworkshop/reranker/bce_reranker_base",
  },
  bearer: { origin: "https://qianfan.baidubce.com", path: "/v2/rerank" },
};

/** @param {any} options @returns {Record<string, any>} what the facade keeps, and `engine`: what Rust gets */
export function readOptions(options) {
  if (typeof options !== "object" || options === null) throw invalidRequest(`options: expected { provider, … }, found ${typeName(options)}`);
  const read = pick(options, OPTIONS);
  checkOptions(read);
  const { key, keyName, auth, address } = read.provider === "dmxapi" ? readDmxapi(read) : readQianfan(read);
  const url = endpoint(read.baseUrl, address);
  const headers = readHeaders(read.headers);
  guardKey(url, key, keyName, headers, read.dangerouslyAllowBrowser === true);
  return {
    ...pick(read, ["timeoutMs", "deadlineMs", "maxRetries"]),
    headers,
    secret: key,
    secretName: keyName,
    engine: {
      ...pick(read, ["provider", "model", "strict", "fetch"]),
      url: url.href,
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
  // Parts of a split request go one after another for now, which is never more than this many at once.
  checkNumber("maxConcurrency", read.maxConcurrency, { least: 1, whole: true });
  if (read.longDocuments === "windows" || read.longDocuments === "truncate") {
    throw new RerankError("unsupported", `longDocuments: "${read.longDocuments}" is not in this version for remote services; leave it out`);
  }
  for (const [name, expected] of [["model", "string"], ["strict", "boolean"], ["dangerouslyAllowBrowser", "boolean"], ["fetch", "function"], ["onAttempt", "function"]]) {
    if (read[name] !== undefined && typeof read[name] !== expected) {
      throw invalidRequest(`${name}: expected a ${expected}, found ${typeName(read[name])}`);
    }
  }
  if (read.model === "") throw invalidRequest("model: expected a name, found an empty string; leave it out for the default");
  oneOf("longDocuments", read.longDocuments, ["error"]);
  oneOf("authScheme", read.authScheme, ["raw", "bearer"]);
}

/** @param {Record<string, any>} read */
function readDmxapi({ apiKey }) {
  return { key: checkSecret("apiKey", apiKey), keyName: "apiKey", auth: undefined, address: ADDRESSES.dmxapi };
}

/** @param {Record<string, any>} read */
function readQianfan({ auth }) {
  const { type, accessToken, apiKey } = pick(auth ?? {}, ["type", "accessToken", "apiKey"]);
  if (type === "oauth" || type === "iam") {
    throw new RerankError("unsupported", `auth.type: "${type}" is not in this version; use "access-token" or "bearer"`);
  }
  const [keyName, key] = type === "access-token" ? ["auth.accessToken", accessToken] : ["auth.apiKey", apiKey];
  if (type !== "access-token" && type !== "bearer") {
    throw invalidRequest('auth: expected { type: "access-token", accessToken } or { type: "bearer", apiKey }, found another');
  }
  if (key === undefined) throw invalidRequest(`${keyName}: expected a string or a function, found undefined`);
  return { key: checkSecret(keyName, key), keyName, auth: type, address: ADDRESSES[/** @type {"access-token" | "bearer"} */ (type)] };
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
  if (baseUrl !== undefined && !(baseUrl instanceof URL) && typeof baseUrl !== "string") {
    throw invalidRequest(`baseUrl: expected a string, found ${typeName(baseUrl)}`);
  }
  const url = parseUrl(String(baseUrl ?? origin));
  // Never shown: an address may carry a key.
  if (!url || !/^https?:$/.test(url.protocol)) throw invalidRequest("baseUrl: expected an http(s) address, found another string");
  if (url.username || url.password) throw invalidRequest("baseUrl: expected no user or password in it; use apiKey, auth or headers");
  const given = url.pathname.replace(/\/+$/, "");
  if (/\/(rerank|rerankers|bce_reranker_base)$/.test(given)) url.pathname = given;
  else url.pathname = given + (/\/v[12]$/.test(given) ? "/rerank" : path);
  url.hash = "";
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

/** @param {URL} url @param {unknown} key @param {string} name @param {[string, string | null][]} headers @param {boolean} allowed */
function guardKey(url, key, name, headers, allowed) {
  if (!VENDOR_HOST.test(url.hostname)) return;
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

/** @param {string} name @param {unknown} value undefined is fine @param {string[]} words */
function oneOf(name, value, words) {
  if (value === undefined || words.includes(/** @type {any} */ (value))) return;
  throw invalidRequest(`${name}: expected ${words.map((word) => `"${word}"`).join(" or ")}, found ${typeof value === "string" ? "another string" : typeName(value)}`);
}
