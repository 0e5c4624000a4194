// Compiled, never run: each adapter is what its framework's own types ask for.

import type { RerankingModel as Model6 } from "ai6";
import type { RerankingModel as Model7 } from "ai7";
import type { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import type { BaseNodePostprocessor } from "@llamaindex/core/postprocessor";
import type { OramaPlugin } from "@orama/orama";
import type { Reranker } from "rerank-wasm";
import { rerankingModel } from "rerank-wasm/ai-sdk";
import { documentCompressor } from "rerank-wasm/langchain";
import { nodePostprocessor } from "rerank-wasm/llamaindex";
import { pluginRerank } from "rerank-wasm/orama";

declare const reranker: Reranker;

export const model6: Model6 = rerankingModel(reranker);
export const model7: Model7 = rerankingModel(reranker, { modelId: "m", minScore: 0.1 });
export const compressor: BaseDocumentCompressor = documentCompressor(reranker, { topN: 5 });
export const postprocessor: BaseNodePostprocessor = nodePostprocessor(reranker, { metadataMode: "ALL" });
export const plugin: OramaPlugin = pluginRerank(reranker, { text: "body", window: 20 });

// @ts-expect-error: what counts has to be said
pluginRerank(reranker, {});
// @ts-expect-error: retries are the SDK's
rerankingModel(reranker, { maxRetries: 2 });
