import type { Reranker } from "../types.js";
import type { AdapterOptions } from "./options.js";

/** The part of LangChain's `DocumentInterface` that is read; documents of any class keep it. */
export interface LangChainDocument {
  pageContent: string;
  metadata: Record<string, any>;
  id?: string;
}

/** LangChain's `BaseDocumentCompressor`, by its method. */
export interface DocumentCompressor {
  /** The best documents, copied, with `metadata.relevanceScore`. Documents without text are left out. */
  compressDocuments<D extends LangChainDocument>(documents: D[], query: string, callbacks?: unknown): Promise<D[]>;
}

/**
 * A LangChain.js document compressor, for `ContextualCompressionRetriever` and wherever else a `BaseDocumentCompressor`
 * is taken. `topN` is 3 by default, as in LangChain's own.
 *
 * @example
 * const compressor = documentCompressor(await LocalReranker.load(), { topN: 5 });
 * const best = await compressor.compressDocuments(await retriever.invoke(query), query);
 */
export function documentCompressor(reranker: Reranker, options?: AdapterOptions): DocumentCompressor;
