// @ts-check
// Reports of a running call as an async iterator. A reader that is slower than they come gets the newest one.

/**
 * @template T
 * @param {AbortSignal | undefined} signal the caller's
 * @param {(signal: AbortSignal, report: (make: () => T) => void) => Promise<void>} run its failure is the iterator's
 * @returns {AsyncGenerator<T, void, undefined>} its end before the last report aborts the run
 */
export async function* latest(signal, run) {
  const own = new AbortController();
  const forward = () => own.abort(signal?.reason);
  if (signal?.aborted) forward();
  signal?.addEventListener("abort", forward, { once: true });
  /** @type {(() => T) | undefined} */
  let newest;
  let wake = () => {};
  let isOver = false;
  const running = run(own.signal, (make) => {
    newest = make;
    wake();
  });
  const ended = running.finally(() => {
    isOver = true;
    wake();
  });
  // Thrown below, or of no interest any more.
  ended.catch(() => {});
  try {
    for (;;) {
      if (newest) {
        const make = newest;
        newest = undefined;
        yield make();
      } else if (isOver) {
        return await running;
      } else {
        await /** @type {Promise<void>} */ (new Promise((resolve) => (wake = resolve)));
      }
    }
  } finally {
    signal?.removeEventListener("abort", forward);
    own.abort();
  }
}
