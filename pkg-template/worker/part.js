// @ts-check
// A part of a model in this worker: rows come in from the part before, as hidden states, and go on to the next.

/**
 * @typedef {{ ids: Int32Array, segments: Int32Array, hidden: Float32Array }} Passed a row behind a part
 * @typedef {{ passed: Passed, windows?: import("../instance.js").Windows } | { scored: import("../instance.js").Scored }} Step of a document: a row for the next part, or its end
 *
 * @typedef {object} Part what a worker does of a model that is spread over several
 * @property {{ path: string, notes: string[] }} plan
 * @property {number} memoryBytes of its instance
 * @property {number} parts that were asked for, those that no layer was left for among them
 * @property {(request: any) => Promise<void>} check the first part's: throws what is wrong with a whole request
 * @property {(id: number, request: any) => Promise<Step>} begin the first part's: starts a document
 * @property {(id: number, logit: number) => Promise<Step>} next the first part's: goes on with what the last part made of its row
 * @property {(id: number) => void} end the first part's: lets a document go that is not over
 * @property {(passed: Passed) => Promise<Float32Array>} forward the others': hidden states, of the last one the logit
 * @property {() => void} free
 * @property {Promise<unknown>} died
 */

/** The first part, which has the tokenizer and the documents under way. @param {any} engine of Rust */
export function firstPart(engine) {
  /** @type {Map<number, any>} */
  const jobs = new Map();
  /** @param {number} id */
  const end = (id) => {
    jobs.get(id)?.free();
    jobs.delete(id);
  };
  /** @param {number} id @returns {Step} */
  const step = (id) => {
    const job = jobs.get(id);
    const passed = job.forward();
    if (passed) return { passed, windows: job.windows() };
    const [scored] = job.finish();
    end(id);
    return { scored };
  };
  return {
    plan: engine.plan(),
    check: (/** @type {any} */ request) => engine.begin(request).free(),
    /** @param {number} id @param {any} request */
    begin(id, request) {
      jobs.set(id, engine.begin(request));
      return step(id);
    },
    /** @param {number} id @param {number} logit */
    next(id, logit) {
      jobs.get(id).place(logit);
      return step(id);
    },
    end,
  };
}

/** A part behind the first. @param {any} part of Rust */
export function laterPart(part) {
  return { forward: (/** @type {Passed} */ { ids, segments, hidden }) => part.forward(ids, segments, hidden) };
}

/** What of an answer is handed over and not copied. @param {any} value @returns {ArrayBuffer[]} */
export function buffersOf(value) {
  if (value instanceof Float32Array) return [/** @type {ArrayBuffer} */ (value.buffer)];
  return value?.passed ? Object.values(value.passed).map(({ buffer }) => buffer) : [];
}
