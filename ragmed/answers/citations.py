"""From a reply to a checked answer: a citation that does not hold is removed and counted, never shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ragmed.analysis.places import pages_of, section_at
from ragmed.analysis.terms import terms
from ragmed.answers.reply import Reply, Statement, parse_reply
from ragmed.types import Answer, Citation, Completion, Evidence, OptionEvidence, Query

_MARKER = re.compile(r"\[(\d+)\]")


def answer_from(query: Query, evidence: tuple[Evidence, ...], completion: Completion) -> Answer:
    """The answer that a completion amounts to once every quotation has been checked.

    A statement whose quote is not in its source word for word is dropped. When all are dropped the answer
    abstains. A reply that cannot be read is ``unparsed``; no reply at all is ``failed``.
    """
    if completion.error:
        return _without_citations(query, evidence, "failed", f"The generator gave no reply: {completion.error}")
    reply = parse_reply(completion.text)
    if reply is None:
        return _without_citations(query, evidence, "unparsed", "The generator's reply could not be read.")
    if reply.abstain is not None:
        return _without_citations(query, evidence, "abstained", reply.abstain, reply.confidence)
    sentences: list[str] = []
    citations: list[Citation] = []
    spoken_for: list[str] = []
    for statement in reply.statements:
        citation = _citation(statement, evidence, len(citations) + 1, reply.choice)
        if citation is not None:
            citations.append(citation)
            spoken_for.append(statement.option)
            sentences.append(f"{' '.join(_MARKER.sub('', statement.text).split())} [{citation.marker}]")
    dropped: Mapping[str, Any] = {
        "step": "check",
        "n_citations": len(citations),
        "n_dropped": len(reply.statements) - len(citations),
    }
    if not citations:
        return _without_citations(
            query, evidence, "abstained", "None of the reply's quotations stands in its source.", 0.0, dropped
        )
    return Answer(
        query_id=query.query_id,
        question=query.text,
        text=" ".join(sentences),
        citations=tuple(citations),
        evidence=evidence,
        outcome="answered",
        choice=reply.choice,
        confidence=reply.confidence,
        options=_options(reply, citations, spoken_for),
        trace=(dropped,),
    )


def problems(answer: Answer, passage_texts: Mapping[str, str]) -> list[str]:
    """What does not hold in an answer, one line each; an empty list when all holds.

    Args:
        answer: the answer to check.
        passage_texts: passage_id → text, for every cited passage that exists.
    """
    found: list[str] = []
    for citation in answer.citations:
        where = f"citation [{citation.marker}]"
        text = passage_texts.get(citation.passage_id)
        if text is None:
            found.append(f"{where}: no passage {citation.passage_id!r} in the index")
        elif text[citation.start : citation.end] != citation.quote:
            found.append(
                f"{where}: its quote does not stand at {citation.start}:{citation.end} of {citation.passage_id!r}"
            )
    have = [citation.marker for citation in answer.citations]
    if len(set(have)) < len(have):
        found.append("two citations share a marker")
    if answer.outcome != "answered":
        return found
    used = [int(marker) for marker in _MARKER.findall(answer.text)]
    found += [f"marker [{marker}] has no citation" for marker in sorted(set(used) - set(have))]
    found += [f"citation [{marker}] is not used in the text" for marker in sorted(set(have) - set(used))]
    parts = _MARKER.split(answer.text)  # sentence, marker, sentence, marker, …, what is left
    by_marker = {citation.marker: citation for citation in answer.citations}
    for sentence, marker in zip(parts[0::2], parts[1::2], strict=False):
        cited = by_marker.get(int(marker))
        if cited is not None and support(sentence.strip(), cited.quote) < cited.support:
            found.append(f"the sentence before [{marker}] says what its quote does not")
    if not used or parts[-1].strip():
        found.append("the text ends with a statement that has no citation")
    return found


def _citation(statement: Statement, evidence: tuple[Evidence, ...], marker: int, choice: str | None) -> Citation | None:
    if not statement.quote.strip() or not 1 <= statement.source <= len(evidence):
        return None
    passage = evidence[statement.source - 1].passage
    start = statement.start
    if start < 0 or passage.text[start : start + len(statement.quote)] != statement.quote:
        start = passage.text.find(statement.quote)
    if start < 0:
        return None
    return Citation(
        marker=marker,
        passage_id=passage.passage_id,
        start=start,
        end=start + len(statement.quote),
        quote=statement.quote,
        support=support(statement.text, statement.quote),
        doc_id=passage.doc_id,
        title=passage.title or passage.question,
        source=passage.source,
        url=passage.url,
        licence=passage.licence,
        section=section_at(passage.sections, start) if passage.sections else passage.section,
        page=pages_of(passage.sections, start, start + len(statement.quote)) if passage.sections else passage.page,
        stance="neutral" if not statement.option else "supports" if statement.option == choice else "contradicts",
    )


def support(text: str, quote: str) -> float:
    """How far a quote carries a sentence: the share of the sentence's terms that the quote has.

    >>> support("Fever is common.", "Fever is common."), support("Fever is fatal", "Fever is common.")
    (1.0, 0.5)
    """
    if text.split() == quote.split():
        return 1.0
    needed = set(terms(text))
    return len(needed & set(terms(quote))) / len(needed) if needed else 0.0


def _options(reply: Reply, citations: list[Citation], spoken_for: list[str]) -> tuple[OptionEvidence, ...]:
    """Every option with its share; what speaks for another option speaks against this one."""
    pairs = [(citation.marker, option) for citation, option in zip(citations, spoken_for, strict=True) if option]
    return tuple(
        OptionEvidence(
            option=option,
            score=share,
            markers_for=tuple(marker for marker, spoken in pairs if spoken == option),
            markers_against=tuple(marker for marker, spoken in pairs if spoken != option),
        )
        for option, share in reply.options.items()
    )


def _without_citations(
    query: Query,
    evidence: tuple[Evidence, ...],
    outcome: Any,
    text: str,
    confidence: float = 0.0,
    step: Mapping[str, Any] | None = None,
) -> Answer:
    return Answer(
        query_id=query.query_id,
        question=query.text,
        text=text,
        citations=(),
        evidence=evidence,
        outcome=outcome,
        choice=None,
        confidence=confidence,
        trace=(step or {"step": "check", "n_citations": 0, "n_dropped": 0},),
    )
