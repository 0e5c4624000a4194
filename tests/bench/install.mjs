// @ts-check
// This package as a stranger has it.

import { join } from "node:path";

import { KEPT } from "./paths.mjs";

/** Both tarballs in an empty folder of the bench's own. */
export async function installPackage() {
  const app = join(KEPT, "app");
  // Read when that file is imported.
  process.env.RERANK_APP = app;
  const { installTarballs, installed } = await import("../package/installed.mjs");
  installTarballs(app);
  return installed;
}
