/**
 * Reranking where the user is: with a model in this very process, or by the best client for a service that ranks.
 *
 * This file is the home of every option's documentation: defaults, units, ranges and errors.
 *
 * @packageDocumentation
 */

/// <reference lib="esnext.disposable" />

/** What is ranked: text, or any object of yours that carries it in `text`. Other keys never leave the process. */
export type RerankDocument = string | { readonly text: string };

/** Anything that ranks: a service's client, a local model, a chain of both. */
export interface Reranker {
  /**
   * Ranks documents by how well they answer the query.
   *
   * @throws {@link RerankError}, always and only; see {@link RerankErrorCode}.
   */
  rerank<D extends RerankDocument, R extends boolean = true>(request: RerankRequest<D, R>): Promise<RerankResponse<D, R>>;
  /** Ends pending calls with `disposed` and lets go of what is held. Calls after it are `disposed` too. */
  dispose(): void;
}

/** What to rank, and how much of the ranking to give. */
export interface RerankRequest<D extends RerankDocument = RerankDocument, R extends boolean = true> {
  /** What is looked for; not blank. A local model reads at most three quarters of its `maxTokens` of it. */
  query: string;
  /** What is ranked. `[]` ranks to `[]` without a call, after validation. Blank documents are `invalid_request`. */
  documents: readonly D[];
  /** Results wanted; a whole number from 1. Default, and anything above the number of documents: all. */
  topN?: number;
  /**
   * Results with a lower score are left out. Scores of different models do not compare, and many a good hit has less than
   * 0.5: measure on your own data, or use {@link RerankRequest.minScoreRatio}. Default: none is left out.
   */
  minScore?: number;
  /**
   * Results with less than this share of the best score are left out; 0 to 1. Where the best score is not above 0, as
   * with logits, there is no share and none is left out. Default 0.
   */
  minScoreRatio?: number;
  /** `true` (default): results carry your own document objects; `false`: they carry none. */
  returnDocuments?: R;
  /** At most this many windows of a long document are read, the best one counts; a whole number from 1. Default: no cap. */
  maxChunksPerDoc?: number;
  /** Tokens shared by neighbouring windows of a long document; a whole number, 0 to 80. Default 80. */
  overlapTokens?: number;
  /** Reserved: build the text from these fields. */
  rankFields?: readonly string[];
  /** End-user id, sent where the service has a field for it. */
  user?: string;
  /** Stops this call: it rejects with `aborted`, whose `cause` is the signal's reason. */
  signal?: AbortSignal;
  /**
   * Milliseconds, above 0. Remote: of one attempt, in place of {@link RemoteOptions.timeoutMs}. Local: of the whole call;
   * default none.
   */
  timeoutMs?: number;
  /** Attempts after the first one, in place of {@link RemoteOptions.maxRetries}. Local: no meaning. */
  maxRetries?: number;
  /** Headers of this call, over those of the client; `null` removes one. Local: no meaning. */
  headers?: Headers | Record<string, string | null>;
  /** Called as documents are scored, and in between, by a local reranker, as the windows of a long one are. */
  onProgress?: (progress: RankingProgress) => void;
}

/** How far a call is. */
export interface RankingProgress {
  /** Documents scored so far. */
  done: number;
  /** Documents in all. */
  total: number;
  /**
   * Of a long document under way, `documents[index]`: windows scored so far, from 0, and in all. Local rerankers report each; absent
   * when a document is done, and of documents that fit in one window. It starts again where a worker died.
   */
  windows?: { index: number; done: number; total: number };
}

/** A ranking, and what the ranker says about it. */
export interface RerankResponse<D extends RerankDocument = RerankDocument, R extends boolean = true> {
  /** Best first; ties in request order. */
  results: RerankResult<D, R>[];
  /** Which model ranked; a local one by its file's name, `"default"`, or `"custom"` where bytes or a stream were given. */
  model: string;
  /** Who ranked. */
  provider: "local" | "dmxapi" | "qianfan" | "workers-ai" | (string & {});
  /** The service's id of the request. */
  id?: string;
  /** When the service ranked, in seconds since 1970. */
  created?: number;
  /** Tokens as the service counts them; `details` holds every further key, unchanged. */
  usage?: { promptTokens: number; totalTokens: number; completionTokens?: number; details?: Record<string, unknown> };
  /** Of a service: an option it cannot honour, a document it reads only in part, an odd echo. Of a chain: `fallback`. A local reranker gives none. */
  warnings: RerankWarning[];
  /** Remote: the last reply, as it came. */
  response?: { status: number; headers: Record<string, string>; body: unknown };
}

/** What a caller should know of a ranking that came out. */
export interface RerankWarning {
  /** For programs: `unsupported_option`, `partly_read`, `missing_results`, `odd_echo`, `fallback`; may grow. */
  code: string;
  /** For people. */
  message: string;
  /** The document it is about. */
  index?: number;
}

/** A document in the ranking. */
export interface RerankResult<D extends RerankDocument = RerankDocument, R extends boolean = true> {
  /** Position in `request.documents`. */
  index: number;
  /**
   * Higher is more relevant. Local: 0 to 1 with `scores: "sigmoid"`, the model's logit with `"raw"`. Remote: as the
   * service gives it; scores of different models do not compare.
   */
  relevanceScore: number;
  /** Your own object, the very one. */
  document: R extends false ? undefined : D;
  /** The best window of a long document: `slice(start, end)` of its text shows it (UTF-16 code units). */
  window?: { index: number; start: number; end: number };
}

/** A client of a service that ranks. */
export class RemoteReranker implements Reranker, Disposable, AsyncDisposable {
  /**
   * Reads the options once; nothing is fetched or compiled before the first call.
   *
   * @throws {@link RerankError} `invalid_request` naming the option at fault.
   * @example
   * const reranker = new RemoteReranker({ provider: "dmxapi", apiKey: process.env.DMXAPI_KEY });
   * const { results } = await reranker.rerank({ query: "如何预防感冒", documents: ["勤洗手", "流感疫苗"], topN: 1 });
   */
  constructor(options: DmxapiOptions | QianfanOptions | ProxiedOptions);
  rerank<D extends RerankDocument, R extends boolean = true>(request: RerankRequest<D, R>): Promise<RerankResponse<D, R>>;
  dispose(): void;
  /** `using reranker = …` disposes of it at the block's end, in runtimes that have it. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A secret, or how to get it: called before each ranking, so that it may be short-lived. `undefined` from it is `invalid_request`. */
export type Secret = string | (() => string | undefined | Promise<string | undefined>);

/** What clients of all services take. */
export interface RemoteOptions {
  /**
   * Where the service is. An origin gets the provider's path; what ends in `/rerank`, `/rerankers` or
   * `/bce_reranker_base` is used as it is; what ends in `/v1` or `/v2` gets `/rerank`. Relative only in a page.
   */
  baseUrl?: string | URL;
  /** Default: the provider's documented one. */
  model?: string;
  /** One attempt, in milliseconds. Default 30 000, the documented example's. */
  timeoutMs?: number;
  /** The whole call with its retries, in milliseconds. Default: none. */
  deadlineMs?: number;
  /**
   * Attempts after the first one, of each request; ranking again changes nothing at the service. Default 2. Tried again is what is
   * `retryable`, after as long as the service asks; if that is over a minute, not at all. Where it asks nothing, after 0.5 s, 1 s,
   * 2 s, … 8 s, of a rate limit 4 s, 8 s, … 32 s, each a quarter shorter at most, by chance; and 30 s where its headers say that a
   * limit is used up and not until when. Set `deadlineMs` where that is too long.
   */
  maxRetries?: number;
  /** Parts in flight of a call with more documents than the service takes in one request; a whole number from 1. Default 4. */
  maxConcurrency?: number;
  /**
   * Documents beyond what the service reads: Qianfan takes 4096 characters (code points: a Han character or simple emoji is
   * one) and reads about 1024 tokens of them ({@link estimateTokens}). `"error"` (default): `too_long` past the characters,
   * the warning `partly_read` past the tokens. `"truncate"`: cut at both, with that warning. `"windows"`: read in overlapping
   * windows within both, of which the best counts and is told in `window`; `maxChunksPerDoc` and `overlapTokens` then count
   * estimated tokens. DMXAPI documents no limit: no meaning there.
   */
  longDocuments?: "error" | "truncate" | "windows";
  /** An option the provider cannot honour is `invalid_request` instead of a warning. Default `false`. */
  strict?: boolean;
  /** Sent with each request; `null` removes one of ours. */
  headers?: Headers | Record<string, string | null>;
  /** In place of the global `fetch`; called with a URL string and a plain init object. */
  fetch?: typeof fetch;
  /** A vendor key on a page against the vendor's own host is refused without this: every visitor could read the key. */
  dangerouslyAllowBrowser?: boolean;
  /**
   * Errors quote the service's words even where they repeat query or documents; keys stay out. Default `false`: such words are
   * withheld.
   */
  debugBodies?: boolean;
  /** Called after each attempt. */
  onAttempt?: (attempt: RerankAttempt) => void;
}

/** One request to a service, as it ended. */
export interface RerankAttempt {
  /** From 1, of each request: a call with many documents makes several. */
  attempt: number;
  /** HTTP status, where a reply came. */
  status?: number;
  /** How long it took. */
  ms: number;
  /** What follows: nothing, another attempt, or the error of the call. */
  decision: "done" | "retry" | "fail";
}

/** DMXAPI's `/v1/rerank`, and services that speak the same by `baseUrl`. */
export interface DmxapiOptions extends RemoteOptions {
  /** `https://www.dmxapi.cn`, `/v1/rerank`, model `bge-reranker-v2-m3-free` (always sent). */
  provider: "dmxapi";
  /** Goes into `Authorization`; required unless `baseUrl` is a proxy of yours, which adds its own. */
  apiKey?: Secret;
  /** Default `"raw"` for DMXAPI's hosts, as documented, `"bearer"` elsewhere. A pasted `Bearer …` is not doubled. */
  authScheme?: "raw" | "bearer";
}

/** Baidu Qianfan's `bce_reranker_base`. */
export interface QianfanOptions extends RemoteOptions {
  /** `https://aip.baidubce.com/rpc/2.0/…/reranker/bce_reranker_base`; with `auth.type` `"bearer"` `https://qianfan.baidubce.com/v2/rerank`. */
  provider: "qianfan";
  /** Which of Baidu's four kinds of credentials you have. */
  auth: QianfanAuth;
}

/** A service behind a proxy of yours, such as `createProxy` of `rerank-wasm/proxy`, which adds the keys. */
export interface ProxiedOptions extends RemoteOptions {
  /** Whose requests the proxy takes. */
  provider: "dmxapi" | "qianfan";
  /** Where the proxy is; end it in `/rerank` to have it used as it is. */
  baseUrl: string | URL;
}

/**
 * Baidu has two pairs of keys that look alike. API Key and Secret Key belong to an application and buy access tokens
 * (`"oauth"`); AK and SK belong to an account and sign requests (`"iam"`). Bearer keys, `bce-v3/…`, are a third kind.
 */
export type QianfanAuth =
  /** A token you have; one that has expired is `unauthorized`. */
  | { type: "access-token"; accessToken: Secret }
  /**
   * A token bought with API Key and Secret Key: by one call however many wait, kept until shortly before it expires, and
   * bought anew once where the service takes it no more. `tokenUrl` is Baidu's by default.
   */
  | { type: "oauth"; apiKey: Secret; secretKey: Secret; tokenUrl?: string; tokenStore?: TokenStore }
  /** AK/SK: each request is signed (`bce-auth-v1`); a wrong clock is set by the service's and the request signed once more. */
  | { type: "iam"; accessKeyId: Secret; secretAccessKey: Secret; sessionToken?: Secret }
  | { type: "bearer"; apiKey: Secret };

/**
 * Where access tokens are shared, such as a KV of Workers. One that fails or takes over three seconds is done without.
 *
 * @example
 * const tokenStore = { get: (key) => env.KV.get(key), set: (key, value, ttl) => env.KV.put(key, value, { expirationTtl: ttl }) };
 */
export interface TokenStore {
  /** What was set under `key`; `null` or `undefined` where there is nothing. The key tells nothing about the keys that bought. */
  get(key: string): Promise<string | null | undefined> | string | null | undefined;
  /** The value is a secret; it may be forgotten after `ttlSeconds`, which is 60 at least. */
  set(key: string, value: string, ttlSeconds: number): unknown;
}

/** A model in this very process, the default one or a cross-encoder of yours: no text leaves it. */
export class LocalReranker implements Reranker, Disposable, AsyncDisposable {
  /** Use {@link LocalReranker.load}. */
  private constructor();
  /**
   * Loads a model and its tokenizer; without options the default model, an npm package of its own:
   * `npm install rerank-wasm-model`.
   *
   * After it, ranking makes no request at all; only a worker or an instance that died is replaced by reading the model
   * again, where it was not given as a stream.
   *
   * @throws {@link RerankError} `bad_model`, `bad_tokenizer`, `not_found`, `unauthorized`, `forbidden`, `network`,
   *   `rate_limited`, `provider_unavailable` or `bad_response` of a file's server, `checksum_mismatch`, `wasm_unavailable`, `unsupported`, `out_of_memory`, `storage_full`, `aborted`, `invalid_request`.
   * @example
   * const reranker = await LocalReranker.load();
   * const { results } = await reranker.rerank({ query: "how to prevent a cold", documents: ["Wash your hands.", "Buy a car."] });
   */
  static load(options?: LocalOptions): Promise<LocalReranker>;
  /**
   * How the model runs: `"fused"` where int8 linear layers were recognised and run on kernels of ours, which quantize each
   * row by itself; `"plain"` where none were, as in an fp32 file: its layers run on tract's operators. What is no layer (the
   * default model's head, tables in eight bits) has operators of ours either way. `notes` says more, for people.
   */
  readonly plan: { readonly path: "fused" | "plain"; readonly notes: readonly string[] };
  rerank<D extends RerankDocument, R extends boolean = true>(request: RerankRequest<D, R>): Promise<RerankResponse<D, R>>;
  /**
   * Ranks as {@link LocalReranker.rerank} does, and yields the ranking of the documents scored so far as they come; a reader
   * that is slower gets the newest one. The last one is whole. Leaving the loop early aborts the rest.
   *
   * @example
   * for await (const { results, done, total } of reranker.rerankStream({ query, documents, topN: 3 })) show(results, done / total);
   */
  rerankStream<D extends RerankDocument, R extends boolean = true>(request: RerankRequest<D, R>): AsyncGenerator<PartialRanking<D, R>, void, undefined>;
  dispose(): void;
  /** `using reranker = …` disposes of it at the block's end, in runtimes that have it. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A ranking of those documents that have been scored. */
export interface PartialRanking<D extends RerankDocument = RerankDocument, R extends boolean = true> {
  /** Best first; at most `topN`. */
  results: RerankResult<D, R>[];
  /** Documents scored so far. */
  done: number;
  /** Documents in all. */
  total: number;
}

/** What to load, and how to rank with it. */
export interface LocalOptions {
  /**
   * An ONNX sequence classifier with one label (or see {@link LocalOptions.label}), fp32 or dynamic int8, as Optimum and transformers.js export them. A
   * string is a URL (in Node also a path), never a hub id. Default `"default"`.
   *
   * Weights are packed as they pass where the file has its nodes first, as exporters write it; else all of them are held until
   * its end, by every worker that has a part of the model too, and `plan.notes` says so.
   */
  model?: "default" | (string & {}) | URL | Request | Response | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | Blob;
  /** The model's Hugging Face `tokenizer.json`. Default: the one beside the model's URL. */
  tokenizer?: string | URL | Request | Response | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | Blob | object;
  /** Where the wasm is, where a bundler or Worker wants it named: a URL, in Node also a path, or a compiled module. */
  wasm?: string | URL | WebAssembly.Module;
  /** Hex digests the files must have, else `checksum_mismatch`. The default model brings its own. */
  sha256?: { model?: string; tokenizer?: string };
  /**
   * The model's Hugging Face `tokenizer_config.json`, or `{ model_max_length }`: how many tokens the model was trained with. Default:
   * none, and nothing is fetched.
   */
  tokenizerConfig?: string | URL | Request | Response | ArrayBuffer | Uint8Array | ReadableStream<Uint8Array> | Blob | object;
  /**
   * Tokens of a pair, separators included; a whole number from 32 to the model's positions. Default: what
   * {@link LocalOptions.tokenizerConfig} says, at most the positions; without it the positions, or 512 where the model has no position
   * table. A pair of many tokens takes time and memory: bge-reranker-v2-m3 has 8192 positions, and reads a long document faster in
   * windows of 512.
   */
  maxTokens?: number;
  /** Documents that do not fit: read in overlapping windows, the best of which counts (default), or cut at their end. */
  longDocuments?: "windows" | "truncate";
  /** `"sigmoid"` (default): 0 to 1. `"raw"`: logits. */
  scores?: "sigmoid" | "raw";
  /**
   * For a classifier of several labels, such as entailment: which of them makes a document relevant, by its number in config.json's
   * `id2label`. The score is then its softmax, with `scores: "raw"` its log-odds against all others. Default: the only one.
   */
  label?: number;
  /**
   * Workers to rank on, each with a copy of the model; documents go to whichever is free, longest first. Where copies would not
   * fit in {@link LocalOptions.maxMemoryBytes}, the model is split: each worker has a range of its layers, its weights are there
   * once, and documents pass through all of them. Scores are the same with any number, and either way. `0`: the calling thread,
   * with a pause at least every 16 ms or every window. `"auto"` (default): one a core (`navigator.hardwareConcurrency`), at most
   * 4; one for a model whose size is not known; where none can be started, the calling thread. Cloudflare Workers have none. No
   * special headers are needed.
   *
   * A worker that dies is replaced and its document is scored again; a second death during one call ends it with `internal`. One
   * whose file has changed since is not replaced: others that hold the whole model go on, and without one the call ends with
   * `checksum_mismatch`.
   */
  workers?: number | "auto";
  /**
   * Bytes that copies of the model may take together; one takes about 1.15 times its file and 64 MB. With less the model is split.
   * Default: an eighth of the device's memory (`navigator.deviceMemory`, else 4 GiB; in Node, Deno and Bun what the system has).
   */
  maxMemoryBytes?: number;
  /**
   * Where files that come by http(s) URL are kept between visits. `"auto"` (default): a page's origin private file system, else
   * its Cache API, else nowhere; in Node, Deno and Bun the folder `rerank-wasm` under the user's cache directory; in Cloudflare
   * Workers nowhere. What does not fit is not kept, which a note of {@link LocalReranker.plan} tells. `"require"`: that is an
   * error, `storage_full` or `unsupported`. `"none"`: nothing is kept or looked for. Or a cache of your own.
   *
   * A download that breaks goes on where it ended, now or at the next visit, as long as the file is still the same (`ETag`,
   * `Last-Modified`); what is kept is checked part by part when it is read, and damaged parts are fetched again. A file is used
   * without asking while its `Cache-Control: max-age` lasts, or for good where {@link LocalOptions.sha256} names its digest;
   * else a `HEAD` request asks whether it has changed. Without a network what is kept is used. Tabs that want one file wait for
   * the first one's download.
   */
  cache?: "auto" | "none" | "require" | ModelCache;
  /**
   * Of files that come by http(s) URL, in milliseconds: the longest wait for the first reply, after which it is `network`, and for
   * the next bytes, after which another connection goes on. Default 30 000.
   */
  timeoutMs?: number;
  /**
   * Run an fp32 file in int8: its linear layers' weights are rounded to eight bits by column (the largest of a column is a 127th's
   * 127) as the model is built. Several times faster, a quarter of the memory; logits move by about a percent. Default: an fp32
   * file runs in fp32.
   */
  quantize?: "int8";
  /** Called as the files arrive and the model is built; `loaded` and `total` are bytes in the phase `download`. */
  onProgress?: (progress: { phase: "download" | "verify" | "build"; loaded: number; total?: number }) => void;
  /** Stops loading; no meaning afterwards. */
  signal?: AbortSignal;
}

/** The part of the Cache API a cache of model files needs; a `Cache` is one. The URLs name parts of files and lead nowhere. */
export interface ModelCache {
  /** What was put under `url`. */
  match(url: string): Promise<Response | undefined>;
  /** Keeps a part, in place of what was there. */
  put(url: string, response: Response): Promise<void>;
  /** Without it, what is to be forgotten is put anew, empty. */
  delete?(url: string): Promise<unknown>;
}

/** A file that is kept, in whole or in part. */
export interface CachedFile {
  /** Where it came from. */
  url: string;
  /** Of the whole file; 0 where its server did not say. */
  bytes: number;
  /** `false`: a download that broke, which the next load takes up again. */
  isComplete: boolean;
  /** When its download was whole. */
  storedAt?: Date;
  /** Where {@link LocalOptions.sha256} asked for it. */
  sha256?: string;
}

/** The model files that `cache: "auto"` keeps here. */
export function listCached(): Promise<CachedFile[]>;

/** Deletes one file that is kept, by its URL, or all. Resolves to how many there were. */
export function deleteCached(url?: string | URL): Promise<number>;

/**
 * Ranks with `first`, and with `second` when that fails; not on `invalid_request`, `aborted` and `disposed`. The
 * response then carries the warning `fallback`.
 *
 * @throws {@link RerankError} `invalid_request` where `first` is local and `second` may send documents away, unless
 *   `allowRemote: true` says that this is meant.
 */
export function withFallback(first: Reranker, second: Reranker, options?: ChainOptions): Reranker & Disposable & AsyncDisposable;

/**
 * Ranks all documents with `fast`, and the best `keep` of them once more with `strong`, whose response is the answer: at most
 * `keep` results, with scores of `strong` alone. Up to `keep` documents go to `strong` at once. `topN`, `minScore` and
 * `minScoreRatio` are of the answer; `onProgress` counts both rounds.
 *
 * @throws {@link RerankError} `invalid_request` where `fast` is local and `strong` may send documents away, unless
 *   `allowRemote: true` says that this is meant.
 * @example
 * const reranker = cascade(smallLocal, largeLocal, { keep: 20 });
 */
export function cascade(fast: Reranker, strong: Reranker, options?: CascadeOptions): Reranker & Disposable & AsyncDisposable;

/** What every chain takes. */
export interface ChainOptions {
  /** A chain that begins with a local reranker may send documents to a remote one. Default `false`. */
  allowRemote?: boolean;
}

/** What {@link cascade} takes. */
export interface CascadeOptions extends ChainOptions {
  /** Documents that `strong` ranks; a whole number from 1. Default 20. */
  keep?: number;
}

/** Qianfan's documented estimate of tokens: Han characters + words × 1.3, rounded up. */
export function estimateTokens(text: string): number;

/** Whether a local model can run here: it takes WebAssembly SIMD. */
export function isSupported(): { local: boolean; reason?: string };

/**
 * Whether `error` is a {@link RerankError}, also of another realm or another copy of this package. An error that was posted from
 * another thread is none: `structuredClone` leaves a plain Error of it. Post its `code` and `message`, and make one of them.
 */
export function isRerankError(error: unknown): error is RerankError;

/** Why a call failed. Never carries a key, a query or a document. */
export class RerankError extends Error {
  /** For rerankers of your own. */
  constructor(code: RerankErrorCode, message: string, details?: Partial<Pick<RerankError, "status" | "providerCode" | "requestId" | "retryable" | "retryAfterMs" | "index" | "cause">>);
  /** For programs; may grow. */
  readonly code: RerankErrorCode;
  /** HTTP status of the reply. */
  readonly status?: number;
  /** The service's own code. */
  readonly providerCode?: string | number;
  /** The service's id of the request. */
  readonly requestId?: string;
  /** Whether the same call may succeed later, unchanged. */
  readonly retryable: boolean;
  /** How long the service asked to wait, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The document at fault. */
  readonly index?: number;
}

/** What went wrong, for programs; may grow. */
export type RerankErrorCode =
  /** An option or the request breaks a documented rule. */
  | "invalid_request"
  /** The service does not know these credentials. */
  | "unauthorized"
  /** The credentials are known and not allowed to do this. */
  | "forbidden"
  /** No such address, model or file. */
  | "not_found"
  /** The account has nothing left to spend; waiting does not help. */
  | "quota_exhausted"
  /** Too many requests for now; waiting helps. */
  | "rate_limited"
  /** A query or document is longer than the service reads. */
  | "too_long"
  /** The service is down or overloaded. */
  | "provider_unavailable"
  /** No answer within the time allowed. */
  | "timeout"
  /** The caller's signal stopped the call, or the `fetch` it gave did; `name` is `"AbortError"`. */
  | "aborted"
  /** No answer arrived at all. */
  | "network"
  /** An answer arrived that is not what the service documents. */
  | "bad_response"
  /** The model file cannot be run. */
  | "bad_model"
  /** The tokenizer file cannot be read. */
  | "bad_tokenizer"
  /** The bytes are not the ones that were asked for. */
  | "checksum_mismatch"
  /** The model does not fit. */
  | "out_of_memory"
  /** The cache has no room. */
  | "storage_full"
  /** WebAssembly could not be started here. */
  | "wasm_unavailable"
  /** This build or runtime cannot do that. */
  | "unsupported"
  /** The reranker was disposed of. */
  | "disposed"
  /** A fault of ours. */
  | "internal";
