// @ts-check
// Puts the Worker's static assets together: the page, the built package, the model. wrangler runs it before a deployment.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const PAGE = ["index.html", "main.js", "style.css", "examples.js", "sizes.js"];

/** @param {{ pkg: string, model: string, to: string }} folders */
export function assembleAssets({ pkg, model, to }) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const file of PAGE) cpSync(join(ROOT, "www", file), join(to, file));
  cpSync(pkg, join(to, "pkg"), { recursive: true });
  cpSync(model, join(to, "pkg-model"), { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  assembleAssets({ pkg: join(ROOT, "pkg"), model: join(ROOT, "pkg-model"), to: join(ROOT, ".cache", "edge") });
}
