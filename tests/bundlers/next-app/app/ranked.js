"use client";

import { useEffect, useState } from "react";
import { LocalReranker } from "rerank-wasm/local";

export function Ranked() {
  const [best, setBest] = useState("");
  useEffect(() => {
    (async () => {
      const reranker = await LocalReranker.load();
      const { results } = await reranker.rerank({
        query: "What is the capital of Mongolia?",
        documents: ["Capital gains are taxed when the shares are sold.", "Ulaanbaatar is the capital and the largest city of Mongolia."],
      });
      setBest(results[0].document);
    })().catch((error) => setBest(String(error)));
  }, []);
  return <output>{best}</output>;
}
