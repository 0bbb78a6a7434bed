"""A folder in R2MED's released layout, small enough that its figures are worked out by hand.

Five documents of six words, so that length weighs nothing in BM25; three judged queries and one that is not. Scores
never tie: potassium stands twice in d1 and once in d2, fever twice in d3; every other word once, in one document.
d9 is judged and not in the corpus.

| query | its word                | hypothetical document                                      | relevant (grade)      |
|-------|-------------------------|------------------------------------------------------------|-----------------------|
| q1    | potassium: d1 twice, d2 | spironolactone: d1                                         | d1 (1)                |
| q2    | fever: d3 twice         | amoxicillin: d4; after a thought of d5's "hyperthyroidism" | d4 (2), d3 (1)        |
| q3    | headache: no document   | hyperthyroidism: d5                                        | d5 (1), d9 (1)        |
| q4    | not judged              | none                                                       | none                  |

By BM25 and plain queries:
  q1: d1, d2: nDCG@10 = 1.
  q2: d3. Gain 1 at rank 1, ideally 2 and 1: nDCG@10 = 1 / (2 + 1/log2 3).
  q3: nothing found: 0.
By BM25 and HyDE (the hypothetical document alone):
  q1: d1: 1.
  q2: d4, since the thought before ``</think>`` is dropped: 2 / (2 + 1/log2 3).
  q3: d5 at rank 1, of two relevant: 1 / (1 + 1/log2 3).
By BM25 and LameR or query2doc (query once or twice, and document):
  q1: d1, d2: 1.
  q2: d3, whose word it has twice, then d4, both words being in one document each: (1 + 2/log2 3) / (2 + 1/log2 3).
  q3: d5: 1 / (1 + 1/log2 3).
"""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

CORPUS = {
    "d1": "Spironolactone raises potassium; measure potassium weekly.",
    "d2": "Bananas contain potassium, starch, sugar, fibre.",
    "d3": "Fever follows influenza; fever, drink, sleep.",
    "d4": "Amoxicillin cures otitis within seven days.",
    "d5": "Hyperthyroidism speeds hearts, thins hair, shakes.",
}
QUERIES = {"q1": "Potassium?", "q2": "Fever?", "q3": "Headache?", "q4": "Unjudged?"}
QRELS = [("q1", "d1", 1), ("q2", "d4", 2), ("q2", "d3", 1), ("q3", "d5", 1), ("q3", "d9", 1)]
GENERATED = {
    "q1": "Spironolactone.",
    "q2": "<think>Hyperthyroidism?</think>\n\nAmoxicillin.",
    "q3": "Hyperthyroidism.",
}
MODEL = "thinker-1b"

_TWO = 2 + 1 / log2(3)
NDCG_AT_10 = {
    "plain": {"q1": 1.0, "q2": 1 / _TWO, "q3": 0.0},
    "hyde": {"q1": 1.0, "q2": 2 / _TWO, "q3": 1 / (1 + 1 / log2(3))},
    "lamer": {"q1": 1.0, "q2": (1 + 2 / log2(3)) / _TWO, "q3": 1 / (1 + 1 / log2(3))},
    "query2doc": {"q1": 1.0, "q2": (1 + 2 / log2(3)) / _TWO, "q3": 1 / (1 + 1 / log2(3))},
}
"""nDCG@10 of BM25 on passages that are whole documents, by convention and query (see above)."""


def write_r2med_folder(root: Path) -> Path:
    """Write the folder and return it."""
    _write(root / "corpus.jsonl", [{"id": doc_id, "text": text} for doc_id, text in CORPUS.items()])
    _write(root / "query.jsonl", [{"id": query_id, "text": text} for query_id, text in QUERIES.items()])
    _write(root / "qrels.jsonl", [{"q_id": q, "p_id": p, "score": score} for q, p, score in QRELS])
    for method in ("hyde", "query2doc", "lamer"):
        _write(
            root / method / MODEL / "query_with_hydoc.jsonl",
            [{"id": q, "text": QUERIES[q], "hy_doc": document} for q, document in GENERATED.items()],
        )
    return root


def _write(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
