"""Adapt retrieval to one's own texts: pairs of query and passage, hard negatives, training, figures before and after.

    pairs (sources, pairs) ──► split by document ──► negatives from the index ──► pairs.jsonl
    base model ──► figures before ──► training (encoder, reranker) ──► figures after ──► model/, training.json

`run` ties the others together. torch is imported by `encoder`, `reranker` and `trainer` alone, within functions.
"""
