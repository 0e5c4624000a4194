// @ts-check
// The browsers of this machine, each driven the way its makers give: stock, with nothing patched.

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import puppeteer from "puppeteer-core";

import { inPage, onPath } from "./runners.mjs";

/** @typedef {import("./runners.mjs").Runner} Runner */

/** How long a page may take: a model is loaded there, on a machine that may be busy. */
const PAGE_MS = 120_000;
const DRIVER_PORT = 4567;

/** @returns {Promise<Runner> | undefined} undefined: there is none here */
export function chromium() {
  const executablePath = process.env.CHROME_PATH ?? onPath("chromium", "google-chrome");
  return executablePath ? byPuppeteer({ browser: "chrome", executablePath, args: ["--no-sandbox"] }) : undefined;
}

/** @returns {Promise<Runner> | undefined} */
export function firefox() {
  const executablePath = onPath("firefox-esr", "firefox");
  return executablePath ? byPuppeteer({ browser: "firefox", executablePath }) : undefined;
}

/** @param {import("puppeteer-core").LaunchOptions} options */
async function byPuppeteer(options) {
  const browser = await puppeteer.launch({ headless: true, protocolTimeout: PAGE_MS, ...options });
  const visit = async (/** @type {string} */ url) => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction(() => document.body.textContent.trim() !== "", { timeout: PAGE_MS });
    const text = await page.evaluate(() => document.body.textContent);
    await page.close();
    return text;
  };
  return inPage(visit, (await browser.version()).replace(/^\D*/, ""), () => browser.close());
}

/** WebKitGTK's MiniBrowser by WebKitWebDriver, on a display that nobody sees. @returns {Promise<Runner> | undefined} */
export function webkit() {
  const driver = onPath("WebKitWebDriver");
  const display = onPath("Xvfb");
  const libraries = "/usr/lib/x86_64-linux-gnu";
  const folder = existsSync(libraries) ? readdirSync(libraries).filter((name) => name.startsWith("webkit2gtk-4")).find((name) => existsSync(join(libraries, name, "MiniBrowser"))) : undefined;
  return driver && display && folder ? byWebDriver(driver, display, join(libraries, folder, "MiniBrowser")) : undefined;
}

/** @param {string} driver @param {string} display @param {string} binary */
async function byWebDriver(driver, display, binary) {
  const screen = `:${90 + (process.pid % 100)}`;
  const environment = { ...process.env, DISPLAY: screen, GDK_BACKEND: "x11", WEBKIT_DISABLE_COMPOSITING_MODE: "1", LIBGL_ALWAYS_SOFTWARE: "1", WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" };
  const running = [
    spawn(display, [screen, "-screen", "0", "1024x768x24", "-nolisten", "tcp"], { stdio: "ignore" }),
    spawn(driver, [`--port=${DRIVER_PORT}`], { stdio: "ignore", env: environment }),
  ];
  const stop = async () => running.forEach((child) => child.kill());
  process.once("exit", stop);
  const call = async (/** @type {string} */ method, /** @type {string} */ path, /** @type {any} */ body = undefined) => {
    const reply = await fetch(`http://127.0.0.1:${DRIVER_PORT}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await reply.json();
    if (value?.error) throw new Error(`WebKitWebDriver: ${value.error}: ${value.message}`);
    return value;
  };
  await patiently(() => call("GET", "/status"));
  const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args: ["--automation"] }, timeouts: { script: PAGE_MS } } };
  const session = await patiently(() => call("POST", "/session", { capabilities }));
  const path = `/session/${session.sessionId}`;
  const visit = async (/** @type {string} */ url) => {
    await call("POST", `${path}/url`, { url });
    const script = "const done = arguments[0]; (function look() { const text = document.body?.textContent.trim(); text ? done(text) : setTimeout(look, 50); })()";
    return call("POST", `${path}/execute/async`, { script, args: [] });
  };
  const quit = async () => {
    await call("DELETE", path).catch(() => {});
    await stop();
  };
  return inPage(visit, session.capabilities.browserVersion, quit);
}

/** Until what was just started answers. @template T @param {() => Promise<T>} attempt @returns {Promise<T>} */
async function patiently(attempt) {
  for (let left = 40; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((done) => setTimeout(done, 250));
    }
  }
}
