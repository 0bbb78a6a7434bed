"""What gold evidence is, and when a passage or a quote is part of it: shared by the measures of evidence.

A passage is relevant by its document where that is one of the question's relevant documents, or by a snippet where the
two have words in common in the same order: at least ``overlap`` of the pairs of neighbouring words of the shorter of
the two, so that a sentence out of a long snippet counts, and a long passage around a short one. Single words would not
do: of BioASQ's snippets 44 % have half of their words, but 2 % half of their pairs, in what is left of the abstract
without them. A snippet is only looked for in its own document.

The stages are those of "Rethinking Retrieval-Augmented Generation for Medicine" (2025, arXiv:2511.06738): passages
retrieved, evidence selected, answer written. There experts judged; here the benchmark's gold documents and snippets do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

from ragmed.analysis.terms import words
from ragmed.errors import RecipeError
from ragmed.types import Citation, Evidence, Question, Result, Snippet

Of: TypeAlias = Literal["documents", "snippets"]
Text: TypeAlias = tuple[str, str]
"""(document id, text) of a passage or a quote."""
Pairs: TypeAlias = frozenset[tuple[str, ...]]


def gold_documents(question: Question) -> set[str]:
    """The documents judged relevant, and those of the snippets."""
    relevant = {doc_id for doc_id, grade in question.relevant.items() if grade > 0}
    return relevant | {snippet.doc_id for snippet in question.snippets}


def has_gold(question: Question, of: Of) -> bool:
    return bool(gold_documents(question) if of == "documents" else question.snippets)


def passages(result: Result | None, k: int | None = None) -> Sequence[Evidence]:
    """The first ``k`` passages found; where the result has none of its own, those of its answer."""
    if result is None:
        return ()
    found = result.passages or (result.answer.evidence if result.answer is not None else ())
    return found[:k]


def citations(result: Result | None) -> Sequence[Citation]:
    """What the answer cites; nothing where none was given."""
    return result.answer.citations if result is not None and is_answered(result) and result.answer is not None else ()


def is_answered(result: Result | None) -> bool:
    return result is not None and result.answer is not None and result.answer.outcome == "answered"


def relevant(question: Question, texts: Iterable[Text], of: Of, overlap: float) -> list[bool]:
    """For each text, whether it is of a gold document, or of a gold snippet."""
    if of == "documents":
        gold = gold_documents(question)
        return [doc_id in gold for doc_id, _ in texts]
    of_document: dict[str, list[Pairs]] = {}
    for snippet in question.snippets:
        of_document.setdefault(snippet.doc_id, []).append(pairs(snippet.text))
    found = []
    for doc_id, text in texts:
        candidates = of_document.get(doc_id, [])
        own = pairs(text) if candidates else frozenset()
        found.append(any(_shared(own, snippet) >= overlap for snippet in candidates))
    return found


def snippets_found(snippets: Sequence[Snippet], texts: Iterable[Text], overlap: float) -> list[bool]:
    """For each snippet, whether ``overlap`` of its pairs of words stand in the texts of its document together."""
    of_document: dict[str, set[tuple[str, ...]]] = {}
    wanted = {snippet.doc_id for snippet in snippets}
    for doc_id, text in texts:
        if doc_id in wanted:
            of_document.setdefault(doc_id, set()).update(pairs(text))
    found = []
    for snippet in snippets:
        needed = pairs(snippet.text)
        in_common = needed & of_document.get(snippet.doc_id, set())
        found.append(bool(needed) and len(in_common) >= overlap * len(needed))
    return found


def pairs(text: str) -> Pairs:
    """Pairs of neighbouring words; the word itself where there is but one.

    >>> sorted(pairs("Fever is common."))
    [('fever', 'is'), ('is', 'common')]
    """
    in_order = words(text)
    if len(in_order) < 2:
        return frozenset((word,) for word in in_order)
    return frozenset(pairwise(in_order))


def share(flags: Sequence[bool], n: int | None = None) -> float:
    """The share that is true, of ``n`` where given; 0 of none."""
    total = len(flags) if n is None else n
    return sum(flags) / total if total else 0.0


def check(measure: str, options: Mapping[str, float], k: int = 1) -> None:
    """Raise `RecipeError` for a share outside (0, 1] or a depth below 1."""
    for name, value in options.items():
        if not 0 < value <= 1:
            raise RecipeError(f"{measure}: {name} = {value}; a share is above 0 and at most 1")
    if k < 1:
        raise RecipeError(f"{measure}: k = {k}; a depth is 1 or more")


def label(name: str, k: int | None = None, **options: str | bool) -> str:
    """The measure's name with those of its options that are not as usual.

    >>> label("EvidencePrecision", of="snippets"), label("PassageRelevance", 16, of="documents", answered_only=False)
    ('EvidencePrecision(of=snippets)', 'PassageRelevance@16')
    """
    usual = ("documents", "gold", False)
    told = [f"{key}={str(value).lower()}" for key, value in options.items() if value not in usual]
    return name + (f"({', '.join(told)})" if told else "") + (f"@{k}" if k is not None else "")


def _shared(some: Pairs, others: Pairs) -> float:
    """The share of the smaller set that the other has too; 0 where one is empty."""
    return len(some & others) / min(len(some), len(others)) if some and others else 0.0
