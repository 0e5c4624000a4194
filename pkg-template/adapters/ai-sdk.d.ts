import type { Reranker } from "../types.js";
import type { AdapterOptions } from "./options.js";

/** Options of every ranking of the model. */
export interface RerankingModelOptions extends Omit<AdapterOptions, "topN" | "maxRetries"> {
  /** What the SDK's telemetry calls the model. Default `"rerank-wasm"`; responses name the one that ranked. */
  modelId?: string;
}

/** What may stand in `providerOptions["rerank-wasm"]`: options of a request, and which fields of an object are its text. */
export interface RerankingProviderOptions extends Pick<AdapterOptions, "maxChunksPerDoc" | "overlapTokens" | "minScore" | "minScoreRatio" | "user" | "timeoutMs"> {
  /** Fields of object documents, joined by line breaks in this order. Default: `text`, or the whole object as JSON with a warning. */
  rankFields?: string[];
}

type JsonValue = null | string | number | boolean | JsonObject | JsonValue[];
type JsonObject = { [key: string]: JsonValue | undefined };

/** The SDK's `RerankingModelV3`, which its versions 6 and 7 take. */
export interface AiSdkRerankingModel {
  readonly specificationVersion: "v3";
  readonly provider: string;
  readonly modelId: string;
  doRerank(options: {
    documents: { type: "text"; values: string[] } | { type: "object"; values: object[] };
    query: string;
    topN?: number;
    abortSignal?: AbortSignal;
    providerOptions?: Record<string, object>;
    headers?: Record<string, string | undefined>;
  }): PromiseLike<{
    ranking: { index: number; relevanceScore: number }[];
    providerMetadata?: Record<string, JsonObject>;
    warnings?: ({ type: "unsupported" | "compatibility"; feature: string; details?: string } | { type: "other"; message: string })[];
    response?: { id?: string; timestamp?: Date; modelId?: string; headers?: Record<string, string>; body?: unknown };
  }>;
}

/**
 * A reranking model for `rerank()` of the Vercel AI SDK, versions 6 and 7. Retries are the SDK's (`maxRetries` of its call):
 * it tries again what may succeed, and waits as long as the service asks.
 *
 * @example
 * import { rerank } from "ai";
 * const model = rerankingModel(await LocalReranker.load());
 * const { ranking, rerankedDocuments } = await rerank({ model, query, documents, topN: 5 });
 */
export function rerankingModel(reranker: Reranker, options?: RerankingModelOptions): AiSdkRerankingModel;
