// @ts-check
// The workers of one load. The first is started while the files are asked for, and compiles the wasm: on a page's own thread
// that takes longer than a frame.

import { LaneDied, start } from "./lane.js";

/** Of one worker: it is replaced once. */
const MOST_STARTS = 2;

/** @typedef {import("./lane.js").Started} Started */
/** @typedef {(url: string) => Promise<WebAssembly.Module>} Compile */

/**
 * @typedef {object} Crew
 * @property {Promise<WebAssembly.Module>} module rejects with LaneDied where no worker lives long enough
 * @property {(known: import("../instance.js").Known) => Promise<import("../instance.js").Loading>} open an instance, in the first worker or a fresh one
 * @property {() => void} keep what was opened is somebody else's now
 * @property {() => void} end ends all that were not kept
 */

/**
 * @param {(listener: import("./lane.js").Listener) => import("./lane.js").Thread} spawn throws where no worker may be started
 * @param {(compile: Compile) => Promise<WebAssembly.Module>} moduleBy compiles by that, unless it was done before
 * @returns {Crew}
 */
export function gather(spawn, moduleBy) {
  /** @type {Set<Started>} */
  const mine = new Set();
  /** @type {Started | undefined} */
  let first;
  const add = () => {
    const worker = start(spawn);
    mine.add(worker);
    return worker;
  };
  const compiling = async () => {
    for (let starts = 1; ; starts++) {
      const worker = (first = add());
      try {
        return await moduleBy(worker.compile);
      } catch (error) {
        if (!(error instanceof LaneDied) || starts === MOST_STARTS) throw error;
      }
    }
  };
  const module = compiling();
  // Of no interest where the files cannot be had.
  module.catch(() => {});
  return {
    module,
    async open(known) {
      const compiled = await module;
      const opened = () => {
        const worker = first ?? add();
        first = undefined;
        return worker.open(compiled, known);
      };
      return opened().catch((error) => (error instanceof LaneDied ? opened() : Promise.reject(error)));
    },
    keep() {
      first?.end();
      mine.clear();
    },
    end() {
      for (const worker of mine) worker.end();
      mine.clear();
    },
  };
}
