// @ts-check
// A model spread over workers, a range of its layers in each: its weights are there once, whatever the number of workers.
// A document passes through all of them, and while one works on it the others work on other documents.

/**
 * @typedef {import("./instance.js").Lane} Lane
 * @typedef {import("./worker/part.js").Part} Part
 */

/** Documents under way beyond one a part, so that none waits for a message. */
const BETWEEN_PARTS = 1;

export class Line {
  /** Each part, or what is to become of it. @type {(Promise<Part> | undefined)[]} */
  #parts = [];
  #isEnded = false;
  #lastDocument = 0;

  /**
   * @param {Part[]} parts in order
   * @param {(index: number) => Promise<Part>} reload a part again, after its worker died
   */
  constructor(parts, reload) {
    this.reload = reload;
    parts.forEach((part, index) => this.#put(index, part));
    const where = parts.length === 1 ? "all in one worker, having no place where they can be split" : `split over ${parts.length} workers, their weights there once`;
    const { path, notes } = parts[0].plan;
    this.plan = { path, notes: [...notes, `layers: ${where}`] };
    /** As many documents at once. @type {Lane[]} */
    this.lanes = Array.from({ length: parts.length + BETWEEN_PARTS }, () => this.#lane(parts));
  }

  /** A lane through parts that live, in place of one that ended with one of them. */
  async start() {
    return this.#lane(await Promise.all(this.#parts.map((part, index) => part ?? this.#restart(index))));
  }

  end() {
    this.#isEnded = true;
    for (const part of this.#parts) part?.then((it) => it.free(), () => {});
  }

  /** @param {number} index @param {Part} part */
  #put(index, part) {
    this.#parts[index] = Promise.resolve(part);
    void part.died.then(() => (this.#parts[index] = undefined));
  }

  /** @param {number} index @returns {Promise<Part>} */
  #restart(index) {
    const part = this.reload(index);
    this.#parts[index] = part;
    part.then(
      (it) => (this.#isEnded ? it.free() : this.#put(index, it)),
      // The next one who asks tries again.
      () => (this.#parts[index] = undefined),
    );
    return part;
  }

  /** @param {Part[]} parts @returns {Lane} */
  #lane(parts) {
    const [first, ...rest] = parts;
    /** Stands for the document under way. @type {object | undefined} */
    let current;
    return {
      plan: this.plan,
      died: Promise.race(parts.map(({ died }) => died)),
      check: (request) => first.check(request),
      score: async (request, onWindows) => {
        const mine = (current = {});
        const id = ++this.#lastDocument;
        try {
          let step = await first.begin(id, request);
          while ("passed" in step) {
            const { ids, segments } = step.passed;
            let { hidden } = step.passed;
            if (step.windows) onWindows?.(step.windows);
            for (const part of rest) {
              if (current !== mine) return void first.end(id);
              hidden = await part.forward({ ids, segments, hidden });
            }
            if (current !== mine) return void first.end(id);
            step = await first.next(id, hidden[0]);
          }
          return step.scored;
        } catch (error) {
          first.end(id);
          throw error;
        }
      },
      abort: () => void (current = undefined),
      free: () => this.end(),
    };
  }
}

/**
 * The parts of one model on their way in, as if they were one.
 * @param {import("./instance.js").Loading[]} loadings in order
 * @returns {import("./instance.js").Loading & { build: (options: any) => Promise<Part[]> }}
 */
export function together(loadings) {
  return {
    push: async (file, chunk) => void (await Promise.all(loadings.map((it) => it.push(file, chunk)))),
    finish: async (file) => (await Promise.all(loadings.map((it) => it.finish(file))))[0],
    async build(options) {
      const parts = /** @type {(Part | undefined)[]} */ (await Promise.all(loadings.map((it) => it.build(options))));
      // A model of few layers leaves the last ones nothing.
      parts.forEach((part, index) => part ?? loadings[index].drop());
      return parts.filter((part) => part !== undefined);
    },
    drop: () => loadings.forEach((it) => it.drop()),
  };
}
