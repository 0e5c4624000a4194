// @ts-check
// Where things are.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BENCH = join(ROOT, "tests", "bench");
/** The peers, installed by `npm run bench` itself. */
export const PEERS = join(BENCH, "node_modules");
/** What is made once and kept: filled models, runs under way. */
export const KEPT = join(ROOT, ".cache", "bench");
/** Beside the checkout, on some machines: data that is not ours to publish. */
export const SHARED = join(ROOT, "..", "shared");
