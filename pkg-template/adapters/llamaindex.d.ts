import type { Reranker } from "../types.js";
import type { AdapterOptions } from "./options.js";

/** The part of LlamaIndex's `NodeWithScore` that is read. */
export interface ScorableNode {
  node: { getContent(metadataMode?: any): string };
  score?: number | undefined;
}

/** Options of every ranking of the postprocessor. */
export interface NodePostprocessorOptions extends AdapterOptions {
  /** Which metadata is read with a node's text: LlamaIndex's `MetadataMode`. Default `"EMBED"`, what its embedding is made of. */
  metadataMode?: "ALL" | "EMBED" | "LLM" | "NONE";
}

/** LlamaIndex's `BaseNodePostprocessor`, by its method. */
export interface NodePostprocessor {
  /** The nodes, best first, with our score. Nodes without text are left out. Without a query: `invalid_request`. */
  postprocessNodes<N extends ScorableNode>(nodes: N[], query?: unknown): Promise<N[]>;
}

/**
 * A LlamaIndex.TS postprocessor, for `nodePostprocessors` of a query engine. All nodes come back unless `topN` says less.
 *
 * @example
 * const engine = index.asQueryEngine({ nodePostprocessors: [nodePostprocessor(reranker, { topN: 5 })] });
 */
export function nodePostprocessor(reranker: Reranker, options?: NodePostprocessorOptions): NodePostprocessor;
