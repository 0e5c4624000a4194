// @ts-check
// The one error of the package, and the guard that knows it across realms and copies of the package.

const BRAND = Symbol.for("rerank-wasm.error");

/**
 * @typedef {{ code: string, message: string, status?: number, providerCode?: string | number, requestId?: string,
 *   retryable?: boolean, retryAfterMs?: number, index?: number }} Failure
 *   what the engine sends: plain data, since an Error loses its fields on the way between threads
 */

export class RerankError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Partial<Failure> & { cause?: unknown }} [details]
   */
  constructor(code, message, details = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    // Callers of every fetch-like API test for this name.
    this.name = code === "aborted" ? "AbortError" : "RerankError";
    this.code = code;
    this.retryable = details.retryable ?? false;
    for (const field of /** @type {const} */ (["status", "providerCode", "requestId", "retryAfterMs", "index"])) {
      if (details[field] !== undefined) /** @type {any} */ (this)[field] = details[field];
    }
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** @param {unknown} error @returns {error is RerankError} */
export function isRerankError(error) {
  return typeof error === "object" && error !== null && BRAND in error;
}

/** @param {string} message */
export const invalidRequest = (message) => new RerankError("invalid_request", message);

/** @param {Failure} failure */
export const fromFailure = (failure) => new RerankError(failure.code, failure.message, failure);

/** @param {AbortSignal | undefined} signal */
export const abortedBy = (signal) =>
  new RerankError("aborted", "the call was aborted", signal?.reason === undefined ? {} : { cause: signal.reason });

export const disposed = () => new RerankError("disposed", "this reranker was disposed of; make a new one");

/** @param {unknown} error @returns {error is Failure} what Rust throws */
export function isFailure(error) {
  return typeof error === "object" && error !== null && !(error instanceof Error) && "code" in error && "message" in error;
}
