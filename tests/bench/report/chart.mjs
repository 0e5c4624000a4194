// @ts-check
// Speed as bars: how many times as fast as onnxruntime-web on one thread, for each workload.

import { ENGINES } from "../engines/registry.mjs";
import { KINDS } from "../models.mjs";
import { groupsOf, ratio } from "../results.mjs";
import { WORKLOADS } from "../workloads.mjs";

/** What the bars are measured by. */
const UNIT = "ort";
/** In this order, with their colours in light and dark pages. @type {Record<string, string>} */
const COLOURS = { "ours-workers": "best", ours: "good", "ours-simd128": "fair", "ort-threads": "peer", tjs: "peer", litert: "peer", wllama: "peer" };
const [WIDTH, LEFT, ROW, GAP, TOP] = [760, 240, 20, 34, 56];

/** @param {import("./markdown.mjs").Results} results @returns {string} SVG */
export function chart(results) {
  const groups = barsOf(results);
  const most = Math.max(1, ...groups.flatMap(({ bars }) => bars.map(({ times }) => times)));
  const scale = (WIDTH - LEFT - 60) / most;
  let y = TOP;
  const parts = [];
  for (const { title, bars } of groups) {
    parts.push(`<text class="group" x="12" y="${y}">${escape(title)}</text>`);
    y += 8;
    for (const { engine, times } of bars) {
      parts.push(
        `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escape(short(engine))}</text>`,
        `<rect class="${COLOURS[engine]}" x="${LEFT}" y="${y + 3}" width="${(times * scale).toFixed(1)}" height="${ROW - 6}" rx="3"/>`,
        `<text class="value" x="${(LEFT + times * scale + 6).toFixed(1)}" y="${y + 14}">${times.toFixed(2)}×</text>`,
      );
      y += ROW;
    }
    y += GAP;
  }
  const height = y;
  const one = (LEFT + scale).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="t d">
<title id="t">Speed of local reranking in Chromium</title>
<desc id="d">How many times as fast as onnxruntime-web on one thread; longer is faster. Run ${escape(results.run)}.</desc>
<style>
svg { background: #fff; font: 13px system-ui, sans-serif; } text { fill: #1c2430; } .group { font-weight: 600; } .quiet { fill: #5a6675; } .value { font-variant-numeric: tabular-nums; }
.best { fill: #0b4a9e; } .good { fill: #0b63ce; } .fair { fill: #6aa5e8; } .peer { fill: #a3acb8; } line { stroke: #5a6675; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) { svg { background: #1b212a; } text { fill: #e6eaf0; } .quiet { fill: #9aa7b8; } .best { fill: #a9d0ff; } .good { fill: #6aaeff; } .fair { fill: #3b6fae; } .peer { fill: #5d6875; } line { stroke: #9aa7b8; } }
</style>
<text class="quiet" x="12" y="20">Times as fast as onnxruntime-web ${escape(String(results.versions["onnxruntime-web"]))}, 1 thread (dashed line); Chromium ${escape(String(results.browsers.Chromium))}</text>
<line x1="${one}" x2="${one}" y1="${TOP - 14}" y2="${height - GAP}"/>
${parts.join("\n")}
</svg>
`;
}

/** @param {import("./markdown.mjs").Results} results */
function barsOf({ cells }) {
  const shapes = [...new Set(cells.filter(({ kind, browser }) => kind === "speed" && browser === "Chromium").map(({ model, workload }) => JSON.stringify({ model, workload })))];
  return shapes.flatMap((shape) => {
    const what = JSON.parse(shape);
    const same = groupsOf(cells, { kind: "speed", browser: "Chromium", ...what }).find((group) => group.some(({ engine }) => engine === UNIT)) ?? [];
    const unit = same.find(({ engine }) => engine === UNIT);
    const bars = Object.keys(COLOURS).flatMap((engine) => {
      const cell = same.find((it) => it.engine === engine);
      return unit && cell ? [{ engine, times: ratio(unit, cell).median }] : [];
    });
    const title = `${KINDS[what.model].title}, ${WORKLOADS[what.workload].title}`;
    return bars.length ? [{ title, bars }] : [];
  });
}

const short = (/** @type {string} */ engine) => ENGINES[engine].title;
const escape = (/** @type {string} */ text) => text.replace(/[&<>"]/g, (it) => `&#${it.charCodeAt(0)};`);
