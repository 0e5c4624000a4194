import type { DmxapiOptions, QianfanOptions } from "./types.js";

export type { DmxapiOptions, QianfanOptions, RerankErrorCode, TokenStore } from "./types.js";
export { RerankError, isRerankError } from "./types.js";

/** Who may ask, and how much. */
export interface ProxyAccess {
  /**
   * Whether who sends this request may rank at your cost: `true` and nothing else lets it through. It sees address and headers;
   * the body stays unread. Without it every request is answered 403.
   */
  authorize?: (request: Request) => boolean | Promise<boolean>;
  /**
   * Other origins whose pages may ask, as `https://shop.example`; `"*"`: all. Default: none, only pages of the proxy's own host
   * and callers that are no page.
   */
  allowOrigins?: readonly string[] | "*";
  /** Bytes of a request's body; a whole number from 1. Default 1 048 576. More is 413, `too_long`. */
  maxBodyBytes?: number;
  /** Documents of a request, a whole number from 1: Qianfan bills each 64 as a request. Default 1000. More is 413, `too_long`. */
  maxDocuments?: number;
  /**
   * Hears of each error of `authorize`, of the service or of these options, and of no mistake of a page's: what is wrong with your
   * options or secrets is `internal` there and says no more. Log it.
   */
  onError?: (error: unknown, request: Request) => void | Promise<void>;
}

/** The service's options, as `RemoteReranker` takes them, and who may ask. `maxRetries` is 0 by default: the page tries again. */
export type ProxyOptions = (DmxapiOptions | QianfanOptions) & ProxyAccess;

/**
 * A handler that ranks for pages which must not have the service's key: `RemoteReranker({ provider, baseUrl })` in a page calls it
 * and sees the same rankings and the same typed errors; warnings, and with `longDocuments: "windows"` the best window, are in its
 * `response.body` alone. It goes to one fixed service whatever is asked, takes the documented
 * fields but `model` (yours counts), and adds the keys. For Workers, Deno, Bun, Hono, Next, and adapters of Node.
 *
 * @throws {@link RerankError} `invalid_request` naming the option at fault; the handler itself never throws.
 * @example
 * const proxy = createProxy({ provider: "dmxapi", apiKey: process.env.DMXAPI_KEY, authorize: (request) => isSignedIn(request) });
 * export default { fetch: proxy };
 */
export function createProxy(options: ProxyOptions): (request: Request) => Promise<Response>;
