// @ts-check
// The demo page: form → LocalReranker → a list with bars.

import { LocalReranker, isRerankError, isSupported } from "rerank-wasm/local";

import { examples } from "./examples.js";
import { bytesToLoad } from "./sizes.js";

const form = /** @type {HTMLFormElement} */ (element("form"));
const query = /** @type {HTMLInputElement} */ (element("query"));
const documents = /** @type {HTMLTextAreaElement} */ (element("documents"));
const button = /** @type {HTMLButtonElement} */ (element("rank"));
const status = element("status");
const loading = element("loading");
const progress = /** @type {HTMLProgressElement} */ (element("progress"));

/** The model, once it is wanted: one for the life of the page. @type {Promise<LocalReranker> | undefined} */
let reranker;
/** Ends the ranking under way when another one is asked for. @type {AbortController | undefined} */
let current;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void rank();
});
documents.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
documents.addEventListener("input", showCount);
for (const change of ["online", "offline"]) addEventListener(change, showNetwork);
for (const example of examples) element("examples").append(exampleButton(example));
fill(examples[0]);

const { local, reason } = isSupported();
if (!local) showError(`This browser cannot run the model: ${reason}.`);
bytesToLoad().then((bytes) => showCost("bytes", megabytes(bytes)), () => showCost("bytes", "unknown"));

async function rank() {
  current?.abort();
  const call = (current = new AbortController());
  const request = { query: query.value, documents: lines(documents.value), signal: call.signal };
  showError(undefined);
  button.disabled = !reranker;
  // Read out at the end, not document by document.
  status.ariaBusy = "true";
  try {
    const ready = await (reranker ??= load());
    button.disabled = false;
    if (call.signal.aborted) return;
    const start = performance.now();
    showStatus("Ranking…");
    const onProgress = (/** @type {import("rerank-wasm").RankingProgress} */ { done, total, windows }) =>
      showStatus(`Ranking… ${done} of ${total}${windows ? `, part ${windows.done + 1} of ${windows.total} of document ${windows.index + 1}` : ""}`);
    const { results, model } = await ready.rerank({ ...request, onProgress });
    const ms = performance.now() - start;
    showRanking(results);
    showCost("document", milliseconds(ms / results.length));
    showStatus(`${results.length} document${results.length === 1 ? "" : "s"} in ${Math.round(ms)} ms, model “${model}”`);
  } catch (error) {
    if (isRerankError(error) && error.code === "aborted") return;
    showStatus("");
    showError(readable(error));
  } finally {
    button.disabled = false;
    if (current === call) status.ariaBusy = "false";
  }
}

/** @returns {Promise<LocalReranker>} */
async function load() {
  const start = performance.now();
  loading.hidden = false;
  showStatus("");
  try {
    const loaded = await LocalReranker.load({ onProgress: showLoading });
    showCost("load", milliseconds(performance.now() - start));
    return loaded;
  } catch (error) {
    // The next click tries again.
    reranker = undefined;
    throw error;
  } finally {
    loading.hidden = true;
  }
}

/** @param {{ phase: "download" | "verify" | "build", loaded: number, total?: number }} p */
function showLoading({ phase, loaded, total }) {
  const isDownload = phase === "download";
  if (isDownload && total) progress.max = total;
  if (isDownload && total) progress.value = loaded;
  else progress.removeAttribute("value");
  element("phase").textContent = isDownload ? `Loading the model: ${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ""}` : "Building the model…";
}

/** @param {{ index: number, relevanceScore: number, document: string }[]} results best first */
function showRanking(results) {
  const rows = results.map(({ index, relevanceScore, document: text }) => {
    const row = document.createElement("li");
    row.dataset.index = String(index);
    const number = Object.assign(document.createElement("span"), { className: "score", textContent: relevanceScore.toFixed(4) });
    const words = Object.assign(document.createElement("p"), { className: "document", textContent: text });
    words.dir = "auto";
    const from = Object.assign(document.createElement("span"), { className: "from", textContent: `line ${index + 1}` });
    row.append(number, bar(relevanceScore), words, from);
    return row;
  });
  element("ranking").replaceChildren(...rows);
}

/** @param {number} score 0 to 1 */
function bar(score) {
  const track = Object.assign(document.createElement("div"), { className: "bar", role: "meter", ariaLabel: "Relevance" });
  Object.assign(track, { ariaValueMin: "0", ariaValueMax: "1", ariaValueNow: score.toFixed(4) });
  const fill = document.createElement("div");
  fill.style.width = `${score * 100}%`;
  track.append(fill);
  return track;
}

/** @param {import("./examples.js").Example} example */
function exampleButton(example) {
  const choose = Object.assign(document.createElement("button"), { type: "button", className: "example", textContent: example.name });
  choose.lang = example.lang;
  choose.addEventListener("click", () => {
    fill(example);
    query.focus();
  });
  return choose;
}

/** @param {import("./examples.js").Example} example */
function fill(example) {
  query.value = example.query;
  documents.value = example.documents.join("\n");
  documents.lang = query.lang = example.lang;
  showCount();
}

function showCount() {
  const { length } = lines(documents.value);
  element("count").textContent = length === 1 ? "1 document" : `${length || "no"} documents`;
  // Of blank lines `required` thinks that they are some.
  documents.setCustomValidity(length > 0 ? "" : "Write one document a line.");
}

function showNetwork() {
  const said = "Once the model is loaded, ranking makes no request: switch the network off and try.";
  element("network").textContent = navigator.onLine ? said : "The network is off, and it still ranks.";
}

/** @param {"bytes" | "load" | "document"} what @param {string} cost */
function showCost(what, cost) {
  element(`cost-${what}`).textContent = cost;
}

/** @param {number} bytes */
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** @param {number} ms */
const milliseconds = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);

/** @param {string} text */
function lines(text) {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

/** @param {string} text */
function showStatus(text) {
  status.textContent = text;
}

/** @param {string | undefined} text */
function showError(text) {
  const error = element("error");
  error.hidden = text === undefined;
  error.textContent = text ?? "";
}

/** An error as people read it: what happened, then the code for a report. @param {unknown} error */
function readable(error) {
  if (!isRerankError(error)) return `Something went wrong in this page: ${error}`;
  const advice = error.retryable ? " Try again." : "";
  return `${error.message}.${advice} (${error.code})`;
}

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html lacks #${id}`);
  return found;
}
