// @ts-check
// npm run edge: builds, and runs the Worker on this machine until Ctrl-C.
//
//   npm run edge -- [--port N] [--var DMXAPI_KEY:… --var ACCESS_TOKEN:…]     further arguments are wrangler's

import { build } from "../../pkg-template/build.mjs";
import { newNode, wrangler } from "./wrangler.mjs";

await build();
const { status } = wrangler(["dev", "--local", ...process.argv.slice(2)], { node: newNode() });
process.exitCode = status ?? 1;
