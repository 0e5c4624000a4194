// @ts-check
// WebKitGTK's MiniBrowser (Debian's webkit2gtk-driver) by WebDriver, on a screen that nobody sees: the nearest thing to Safari on
// Linux.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const DRIVER = "/usr/bin/WebKitWebDriver";
const SCREEN = "/usr/bin/Xvfb";
const LIBRARIES = "/usr/lib";
/** What a driver may take until it answers. */
const START_MS = 10_000;

/**
 * @typedef {object} Page of a browser of its own
 * @property {(url: string) => Promise<void>} visit
 * @property {(script: string, args?: unknown[]) => Promise<any>} run what the script hands to its last argument
 * @property {() => Promise<void>} close
 *
 * @typedef {object} WebKit
 * @property {string} version
 * @property {() => Promise<Page>} newPage
 * @property {() => boolean} isAlive
 * @property {() => void} close
 */

/** @param {number} scriptMs what a script or a page may take @returns {Promise<{ browser: WebKit, missing?: undefined } | { browser?: undefined, missing: string }>} */
export async function openWebKit(scriptMs) {
  const binary = miniBrowser();
  if (!existsSync(DRIVER) || !binary) return { missing: "expected WebKitWebDriver and its MiniBrowser, found none; apt-get install webkit2gtk-driver xvfb" };
  const hasDisplay = Boolean(process.env.DISPLAY);
  if (!hasDisplay && !existsSync(SCREEN)) return { missing: "expected a display or Xvfb, found none; apt-get install xvfb" };
  const screen = hasDisplay ? undefined : await startScreen();
  const port = await freePort();
  const driver = spawn(DRIVER, [`--port=${port}`], { env: { ...process.env, ...(screen && { DISPLAY: screen.name }) }, stdio: "ignore" });
  const close = () => [driver, screen?.server].forEach((child) => child?.kill());
  process.once("exit", close);
  const send = sender(`http://127.0.0.1:${port}`);
  await answers(send);
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] }, timeouts: { script: scriptMs, pageLoad: scriptMs } } };
  const newSession = () => send("POST", "/session", { capabilities });
  const first = await newSession();
  await send("DELETE", `/session/${first.sessionId}`);
  return {
    browser: {
      version: first.capabilities.browserVersion,
      // A session is a browser with one page.
      async newPage() {
        const path = `/session/${(await newSession()).sessionId}`;
        return {
          visit: (url) => send("POST", `${path}/url`, { url }),
          run: (script, args = []) => send("POST", `${path}/execute/async`, { script, args }),
          close: () => send("DELETE", path),
        };
      },
      isAlive: () => driver.exitCode === null,
      close,
    },
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

async function startScreen() {
  // Xvfb finds a free number itself and writes it to this descriptor.
  const server = spawn(SCREEN, ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const pipe = /** @type {import("node:stream").Readable} */ (server.stdio[3]);
  const late = setTimeout(() => server.kill(), START_MS);
  const name = await new Promise((done, fail) => {
    pipe.once("data", (number) => done(`:${String(number).trim()}`));
    server.once("exit", () => fail(new Error("Xvfb did not start")));
  }).finally(() => clearTimeout(late));
  return { name, server };
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await new Promise((done) => server.close(done));
  return port;
}
