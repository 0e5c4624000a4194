// Compiled, never run: what users write must pass, what they must not write must fail.

import { LocalReranker, RemoteReranker, RerankError, cascade, estimateTokens, isRerankError, isSupported, withFallback } from "rerank-wasm";
import type { RerankErrorCode, RerankRequest, RerankResponse, Reranker, TokenStore } from "rerank-wasm";
import { rerankingModel } from "rerank-wasm/ai-sdk";
import { integrity } from "rerank-wasm/integrity";
import { documentCompressor } from "rerank-wasm/langchain";
import { nodePostprocessor } from "rerank-wasm/llamaindex";
import { LocalReranker as LocalOnly } from "rerank-wasm/local";
import { relevanceScorer } from "rerank-wasm/mastra";
import { pluginRerank } from "rerank-wasm/orama";
import { createProxy } from "rerank-wasm/proxy";
import { RemoteReranker as RemoteOnly } from "rerank-wasm/remote";
import { WorkersAiReranker } from "rerank-wasm/workers-ai";

/** Fails to compile unless both types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

interface Page {
  text: string;
  url: URL;
}
class Note {
  readonly text: string;
  constructor(
    text: string,
    readonly id: number,
  ) {
    this.text = text;
  }
}

declare const reranker: Reranker;

export async function documentsOfEveryKind(pages: Page[], notes: readonly Note[], mixed: readonly (string | Page)[]): Promise<void> {
  const strings = await reranker.rerank({ query: "q", documents: ["a", "b"] });
  strings.results[0]?.document satisfies string | undefined;

  const ofPages = await reranker.rerank({ query: "q", documents: pages });
  same<(typeof ofPages)["results"][number]["document"], Page>(true);
  ofPages.results[0]?.document.url.href;

  const ofNotes = await reranker.rerank({ query: "q", documents: notes, topN: 3 });
  ofNotes.results.map(({ document }) => document.id);

  const ofMixed = await reranker.rerank({ query: "q", documents: mixed });
  same<(typeof ofMixed)["results"][number]["document"], string | Page>(true);

  const literal = await reranker.rerank({ query: "q", documents: ["a", { text: "b" }] as const });
  literal.results[0]?.document;

  const without = await reranker.rerank({ query: "q", documents: pages, returnDocuments: false });
  same<(typeof without)["results"][number]["document"], undefined>(true);

  // @ts-expect-error: no text in it
  await reranker.rerank({ query: "q", documents: [{ body: "a" }] });
  // @ts-expect-error: documents are missing
  await reranker.rerank({ query: "q" });
  // @ts-expect-error: a number is no document
  await reranker.rerank({ query: "q", documents: [1] });
}

export async function partialRankings(local: LocalReranker, pages: Page[]): Promise<void> {
  for await (const { results, done, total } of local.rerankStream({ query: "q", documents: pages })) {
    same<(typeof results)[number]["document"], Page>(true);
    console.log(done / total);
  }
}

export async function options(): Promise<void> {
  new RemoteReranker({ provider: "dmxapi", apiKey: async () => "key", authScheme: "bearer", timeoutMs: 1000, headers: { "x-trace": null } });
  new RemoteReranker({ provider: "qianfan", auth: { type: "access-token", accessToken: "token" } });
  new RemoteOnly({ provider: "qianfan", auth: { type: "bearer", apiKey: () => "key" }, fetch });
  const kept = new Map<string, string>();
  const tokenStore: TokenStore = { get: (key) => kept.get(key), set: async (key, value, ttlSeconds) => void (ttlSeconds > 60 && kept.set(key, value)) };
  new RemoteReranker({ provider: "qianfan", auth: { type: "oauth", apiKey: "key", secretKey: async () => "secret", tokenStore } });
  new RemoteReranker({ provider: "qianfan", auth: { type: "iam", accessKeyId: "ak", secretAccessKey: "sk", sessionToken: () => "st" } });
  new RemoteReranker({ provider: "qianfan", baseUrl: "https://proxy.example/rerank", debugBodies: true });
  const proxy: (request: Request) => Promise<Response> = createProxy({
    provider: "qianfan",
    auth: { type: "oauth", apiKey: "key", secretKey: "secret", tokenStore },
    allowOrigins: ["https://shop.example"],
    maxBodyBytes: 65_536,
    maxDocuments: 100,
    onError: async (error) => console.error(error),
    authorize: async (request) => request.headers.has("x-session"),
  });
  (await proxy(new Request("https://proxy.example/rerank"))).status satisfies number;
  // @ts-expect-error: a proxy has the service's keys
  createProxy({ provider: "qianfan", authorize: () => true });
  // @ts-expect-error: AK/SK are no application's keys
  new RemoteReranker({ provider: "qianfan", auth: { type: "iam", apiKey: "key", secretKey: "secret" } });
  // @ts-expect-error: Qianfan wants auth
  new RemoteReranker({ provider: "qianfan" });
  // @ts-expect-error: no such provider
  new RemoteReranker({ provider: "nobody" });
  // @ts-expect-error: only load makes one
  new LocalReranker();

  const controller = new AbortController();
  const local: Reranker = await LocalReranker.load({
    model: new URL("https://example.com/model.onnx"),
    tokenizer: { version: "1.0" },
    scores: "raw",
    workers: 0,
    signal: controller.signal,
    onProgress: ({ phase, loaded, total }) => console.log(phase satisfies "download" | "verify" | "build", loaded, total),
  });
  const fallback: Reranker = withFallback(local, new RemoteReranker({ provider: "dmxapi" }), { allowRemote: true });
  fallback.dispose();
  const chain: Reranker = cascade(local, fallback, { keep: 10, allowRemote: true });
  await chain.rerank({ query: "q", documents: ["a"], minScore: 0.1, minScoreRatio: 0.3 });
  // @ts-expect-error: documents are kept by number
  cascade(local, local, { keep: "10" });
  same<ReturnType<typeof estimateTokens>, number>(true);
  isSupported().reason?.toUpperCase();
  (await LocalOnly.load()).plan.path satisfies "fused" | "plain";
}

export async function disposing(): Promise<void> {
  using remote = new RemoteReranker({ provider: "dmxapi", apiKey: "k" });
  await using local = await LocalReranker.load();
  using chain = withFallback(local, remote, { allowRemote: true });
  await chain.rerank({ query: "q", documents: ["a"] });
}

export function errors(error: unknown): RerankErrorCode | undefined {
  if (!isRerankError(error)) return undefined;
  error.retryAfterMs?.toFixed();
  same<typeof error, RerankError>(true);
  return error.code;
}

export function ownReranker(): Reranker {
  return {
    async rerank<D extends string | { readonly text: string }, R extends boolean = true>(request: RerankRequest<D, R>): Promise<RerankResponse<D, R>> {
      return { results: request.documents.map((_, index) => ({ index, relevanceScore: 0, document: undefined as never })), model: "m", provider: "mine", warnings: [] };
    },
    dispose() {},
  };
}

/** Without any framework installed. */
export async function adapters(binding: { run(model: string, input: object): Promise<unknown> }): Promise<void> {
  const ofCloudflare: Reranker = new WorkersAiReranker({ binding, model: "@cf/baai/bge-reranker-base" });
  const { ranking } = await rerankingModel(ofCloudflare).doRerank({ documents: { type: "text", values: ["a"] }, query: "q" });
  same<(typeof ranking)[number]["relevanceScore"], number>(true);
  const document = { pageContent: "a", metadata: { page: 1 }, mine: true };
  const [best] = await documentCompressor(ofCloudflare).compressDocuments([document], "q");
  best?.mine satisfies boolean | undefined;
  const node = { node: { getContent: () => "a", id: 7 } };
  const [first] = await nodePostprocessor(ofCloudflare).postprocessNodes([node], "q");
  first?.node.id satisfies number | undefined;
  same<Awaited<ReturnType<ReturnType<typeof relevanceScorer>["getRelevanceScore"]>>, number>(true);
  pluginRerank(ofCloudflare, { text: ({ body }) => body, window: 20 });
  integrity["remote.wasm"] satisfies `sha384-${string}`;
  // @ts-expect-error: no such file
  integrity["other.wasm"];
  // @ts-expect-error: the binding is missing
  new WorkersAiReranker({});
}
