import type { RerankDocument, RerankRequest, RerankResponse, Reranker } from "../types.js";

export { RerankError, isRerankError } from "../types.js";

/** What to rank with. */
export interface WorkersAiOptions {
  /** The AI binding of a Worker, `env.AI`. */
  binding: { run(model: any, input: any): Promise<any> };
  /** A reranker of Workers AI's catalogue. Default `"@cf/baai/bge-reranker-base"`, which reads 512 tokens of a pair. */
  model?: string;
}

/**
 * Cloudflare Workers AI as a reranker, over a Worker's own binding: no key and no wasm. Documents go to Cloudflare. Scores are
 * 0 to 1, the sigmoid of what the model gives. It does not try again by itself: its errors say `retryable`.
 *
 * @example
 * const reranker = new WorkersAiReranker({ binding: env.AI });
 * const { results } = await reranker.rerank({ query, documents, topN: 5 });
 */
export class WorkersAiReranker implements Reranker, Disposable, AsyncDisposable {
  /** @throws `RerankError` `invalid_request` naming the option at fault. */
  constructor(options: WorkersAiOptions);
  rerank<D extends RerankDocument, R extends boolean = true>(request: RerankRequest<D, R>): Promise<RerankResponse<D, R>>;
  dispose(): void;
  /** `using reranker = …` disposes of it at the block's end, in runtimes that have it. */
  [Symbol.dispose](): void;
  [Symbol.asyncDispose](): Promise<void>;
}
