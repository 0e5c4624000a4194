// @ts-check
// What each entry of the package exports: names and members as they are at run time, and as its types say.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** @param {string} pkg a built package @returns {Promise<string>} the report, in Markdown */
export async function surface(pkg) {
  const { exports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  const sections = [];
  for (const [entry, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const types = exportsOf(readFileSync(join(pkg, target.types), "utf8"));
    const values = await valuesOf(join(pkg, target.default));
    sections.push([`## ${entry}`, "", ...values.map((line) => `- ${line}`), `- types: ${types.types.join(", ") || "none of its own"}`, ""].join("\n"));
    const [declared, found] = [types.values.join(", "), values.map((line) => /`(\w+)/.exec(line)?.[1]).join(", ")];
    if (declared !== found) throw new Error(`${entry}: ${target.types} declares the values ${declared}; ${target.default} exports ${found}`);
  }
  return `# The public surface\n\nMade by \`node tests/publish/check.mjs --update\`; \`npm test\` fails where it differs. A line that goes is a breaking change.\n\n${sections.join("\n")}`;
}

/** @param {string} file a module */
async function valuesOf(file) {
  const module = await import(pathToFileURL(file).href);
  return Object.keys(module)
    .sort()
    .map((name) => describe(name, module[name]));
}

/** @param {string} name @param {any} value */
function describe(name, value) {
  if (typeof value !== "function") return `\`${name}\`: ${typeof value}`;
  if (!/^class\b/.test(Function.prototype.toString.call(value))) return `\`${name}()\``;
  const own = (/** @type {object} */ object) => Reflect.ownKeys(object).map(String).filter((key) => !["constructor", "length", "name", "prototype"].includes(key)).sort();
  const members = [...own(value).map((key) => `static ${key}`), ...own(value.prototype)].filter((key) => !key.startsWith("Symbol("));
  return `\`${name}\`: class${members.length ? `, ${members.join(", ")}` : ""}`;
}

/** Names that a file of types exports. @param {string} source @returns {{ types: string[], values: string[] }} */
function exportsOf(source) {
  const code = source.replace(/\/\*[^]*?\*\//g, "");
  const values = [...code.matchAll(/^export (?:declare )?(?:class|function|const) (\w+)/gm)].map((match) => match[1]);
  const types = [...code.matchAll(/^export (?:interface|type) (\w+)/gm)].map((match) => match[1]);
  for (const [, kind, names] of code.matchAll(/^export (type )?\{([^}]*)\}/gm)) {
    (kind ? types : values).push(...names.split(",").map((name) => name.trim()).filter(Boolean));
  }
  return { types: [...new Set(types)].sort(), values: [...new Set(values)].sort() };
}
