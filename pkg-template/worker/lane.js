// @ts-check
// A worker as a lane: each method is a message, each answer settles it, and the worker's end rejects what still waits.

import { RerankError, fromFailure } from "../error.js";
import { buffersOf } from "./part.js";

/**
 * @typedef {object} Thread a worker of whichever runtime
 * @property {(message: any, transfer?: ArrayBuffer[]) => void} post
 * @property {() => void} terminate
 * @property {(isBusy: boolean) => void} hold keeps the process alive while it is busy, where that has to be said
 *
 * @typedef {object} Listener
 * @property {(message: any) => void} onMessage
 * @property {(reason: string) => void} onEnd
 */

/** The worker has ended: killed, out of memory, trapped, or never started. */
export class LaneDied extends RerankError {
  /** @param {string} reason */
  constructor(reason) {
    super("internal", reason, { retryable: true });
  }
}

/**
 * @typedef {object} Started a worker with no engine in it yet
 * @property {(url: string) => Promise<WebAssembly.Module>} compile in that worker, for all of them
 * @property {(module: WebAssembly.Module, known: import("../instance.js").Known) => Promise<import("../instance.js").Loading>} open starts an instance there
 * @property {() => void} end
 */

/** @param {(listener: Listener) => Thread} spawn throws where no worker may be started @returns {Started} */
export function start(spawn) {
  const remote = connect(spawn);
  return {
    compile: (url) => remote.ask("compile", [url]),
    open: (module, known) => openThere(remote, module, known),
    end: remote.end,
  };
}

/** @param {ReturnType<typeof connect>} remote @param {WebAssembly.Module} module @param {import("../instance.js").Known} known @returns {Promise<import("../instance.js").Loading>} */
async function openThere(remote, module, known) {
  try {
    await remote.ask("open", [module, known]);
  } catch (error) {
    remote.end();
    throw error;
  }
  return {
    async push(file, chunk) {
      // The first part alone reads text.
      if (file === "tokenizer" && known.part) return;
      // A copy: the chunk may be the caller's, and others get it too. Not slice: that of Node's Buffer copies nothing.
      const own = new Uint8Array(chunk);
      return remote.ask("push", [file, own], [own.buffer]);
    },
    finish: async (file) => (file === "tokenizer" && known.part ? undefined : remote.ask("finish", [file])),
    async build(options) {
      const built = await remote.ask("build", [options]);
      // A part that no layer is left for.
      if (!built) return /** @type {any} */ (undefined);
      return {
        plan: built.plan,
        memoryBytes: built.memoryBytes,
        parts: known.parts,
        check: (request) => remote.ask("check", [request]),
        score: (request, onWindows) => remote.ask("score", [request], undefined, onWindows),
        abort: () => remote.tell("abort"),
        begin: (/** @type {any[]} */ ...args) => remote.ask("begin", args),
        next: (/** @type {any[]} */ ...args) => remote.ask("next", args),
        end: (/** @type {number} */ id) => remote.tell("end", [id]),
        forward: (/** @type {import("./part.js").Passed} */ passed) => remote.ask("forward", [passed], buffersOf(passed.hidden)),
        free: remote.end,
        died: remote.died,
      };
    },
    drop: remote.end,
  };
}

/** @param {(listener: Listener) => Thread} spawn */
function connect(spawn) {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: RerankError) => void, onWindows?: (windows: any) => void }>} */
  const waiting = new Map();
  let last = 0;
  /** @type {RerankError | undefined} */
  let ended;
  /** @type {(error: RerankError) => void} */
  let tellDeath;
  /** @type {Promise<unknown>} */
  const died = new Promise((resolve) => (tellDeath = resolve));
  const onEnd = (/** @type {string} */ reason) => {
    if (ended) return;
    ended = new LaneDied(reason);
    thread.terminate();
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    tellDeath(ended);
  };
  const onMessage = (/** @type {{ id: number, value?: any, windows?: any, failure?: import("../error.js").Failure, trap?: string }} */ { id, value, windows, failure, trap }) => {
    // The instance's memory can no longer be trusted.
    if (trap !== undefined) return onEnd(`the engine stopped unexpectedly: ${trap}`);
    const call = waiting.get(id);
    if (windows) return call?.onWindows?.(windows);
    waiting.delete(id);
    if (waiting.size === 0) thread.hold(false);
    if (failure) call?.reject(fromFailure(failure));
    else call?.resolve(value);
  };
  const thread = spawn({ onMessage, onEnd });
  thread.hold(false);
  return {
    died,
    /**
     * @param {string} method @param {any[]} args @param {ArrayBuffer[]} [transfer] @param {(windows: any) => void} [onWindows]
     * @returns {Promise<any>}
     */
    ask(method, args, transfer, onWindows) {
      if (ended) return Promise.reject(ended);
      return new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, { resolve, reject, onWindows });
        if (waiting.size === 1) thread.hold(true);
        thread.post({ id, method, args }, transfer);
      });
    },
    /** @param {string} method @param {any[]} [args] */
    tell(method, args = []) {
      if (!ended) thread.post({ method, args });
    },
    /** Wanted, and so no death. */
    end() {
      if (ended) return;
      ended = new RerankError("disposed", "this reranker was disposed of; make a new one");
      thread.terminate();
      for (const { reject } of waiting.values()) reject(ended);
      waiting.clear();
    },
  };
}
