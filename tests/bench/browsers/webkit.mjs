// @ts-check
// Pages of WebKitGTK (Debian's webkit2gtk-driver) by WebDriver, the nearest thing to Safari on Linux: no relaxed SIMD.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { within } from "./within.mjs";

const DRIVER = "/usr/bin/WebKitWebDriver";
const LIBRARIES = "/usr/lib";
/** What a driver may take until it answers. */
const START_MS = 10_000;
/** A script may run as long as the slowest call of a tab. */
const SCRIPT_MS = 600_000;

/** @returns {Promise<import("./chromium.mjs").Browser>} */
export async function openWebKit() {
  const binary = miniBrowser();
  if (!existsSync(DRIVER) || !binary) throw new Error("expected WebKitWebDriver and its MiniBrowser, found none; apt-get install webkit2gtk-driver xvfb");
  const display = process.env.DISPLAY ? undefined : await startDisplay();
  const env = { ...process.env, ...(display ? { DISPLAY: display.name } : {}) };
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], { env, stdio: "ignore" });
  const send = sender(`http://127.0.0.1:${port}`);
  await answers(send);
  const newSession = async () => {
    const browserOptions = { binary, args: ["--automation"] };
    return send("POST", "/session", { capabilities: { alwaysMatch: { "webkitgtk:browserOptions": browserOptions } } });
  };
  const first = await newSession();
  await send("DELETE", `/session/${first.sessionId}`);
  return {
    name: "WebKit",
    version: first.capabilities.browserVersion,
    async newProfile() {
      // A session is a browser of its own, with one page.
      const { sessionId } = await newSession();
      const path = `/session/${sessionId}`;
      await send("POST", `${path}/timeouts`, { script: SCRIPT_MS, pageLoad: SCRIPT_MS });
      return { open: (url) => openTab(send, path, url), close: async () => void (await send("DELETE", path)) };
    },
    isAlive: () => driver.exitCode === null,
    async close() {
      driver.kill();
      display?.close();
    },
  };
}

/** @param {ReturnType<typeof sender>} send @param {string} path of the session @param {string} url @returns {Promise<import("./chromium.mjs").Tab>} */
async function openTab(send, path, url) {
  await send("POST", `${path}/url`, { url });
  const script = "const [command, json, done] = arguments; const run = () => 'bench' in globalThis ? bench.run(command, json).then(done, (e) => done({ failed: String(e) })) : setTimeout(run, 20); run();";
  return {
    async call(command, argument = null) {
      const answer = await within(send("POST", `${path}/execute/async`, { script, args: [command, JSON.stringify(argument)] }));
      if (typeof answer !== "string") throw new Error(answer?.failed ?? "the page gave no answer");
      return JSON.parse(answer);
    },
    workers: () => 0,
    close: async () => {},
  };
}

/** @param {string} driver */
function sender(driver) {
  return async (/** @type {string} */ method, /** @type {string} */ path, /** @type {object} */ body = {}) => {
    const reply = await fetch(driver + path, { method, ...(method === "POST" ? { body: JSON.stringify(body) } : {}) });
    const { value } = await reply.json();
    if (!reply.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
    return value;
  };
}

/** @param {ReturnType<typeof sender>} send */
async function answers(send) {
  for (const start = performance.now(); ; await new Promise((done) => setTimeout(done, 50))) {
    const ready = await send("GET", "/status").then(() => true, () => false);
    if (ready) return;
    if (performance.now() - start > START_MS) throw new Error(`WebKitWebDriver did not answer within ${START_MS / 1000} s`);
  }
}

/** The browser that belongs to the driver: /usr/lib/ARCHITECTURE/webkit2gtk-VERSION/MiniBrowser. */
function miniBrowser() {
  if (!existsSync(LIBRARIES)) return undefined;
  const folders = readdirSync(LIBRARIES).filter((name) => name.includes("-linux-")).map((name) => join(LIBRARIES, name));
  const versions = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith("webkit2gtk-")).map((name) => join(folder, name, "MiniBrowser")));
  return versions.sort().reverse().find((path) => existsSync(path));
}

/** A screen that nobody looks at. */
async function startDisplay() {
  if (!existsSync("/usr/bin/Xvfb")) throw new Error("expected a display or Xvfb, found none; apt-get install xvfb");
  // Xvfb finds a free number itself and writes it to this descriptor.
  const server = spawn("/usr/bin/Xvfb", ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const pipe = /** @type {import("node:stream").Readable} */ (server.stdio[3]);
  const name = await within(new Promise((done, fail) => {
    pipe.once("data", (number) => done(`:${String(number).trim()}`));
    server.once("exit", () => fail(new Error("Xvfb did not start")));
  }), START_MS);
  return { name, close: () => server.kill() };
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((done) => server.close(done));
  return port;
}
