"""Answers without a language model: sentences of the evidence, word for word, or an abstention.

Source: extractive reading by sentence selection, as in Yang et al. 2015, "WikiQA" (EMNLP), with a
lexical and a dense relevance per sentence and maximal marginal relevance (Carbonell & Goldstein 1998,
SIGIR) against repetition. Whether the evidence carries an answer at all is decided by a logistic model of
eight readable features (`ragmed.answers.answerability`); whether a sentence affirms or denies, by cue
words (`ragmed.answers.polarity`). Nothing is written that is not in a passage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.questions import aspects_of, content_terms, kind_of, speaks_to
from ragmed.analysis.sentences import sentence_spans
from ragmed.analysis.terms import terms
from ragmed.answers.answerability import Features, probability
from ragmed.answers.polarity import denies, hedges
from ragmed.answers.reply import Reply, Statement, write_reply
from ragmed.protocols import Encoder, Generator, TermStatistics
from ragmed.types import Completion, Evidence, Prompt

_MIN_WORDS = 3
"""A sentence of fewer words is a heading or a remnant."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A candidate: a sentence of source ``source`` (1 is the best passage) and how well it fits.

    ``coverage`` is the share of the question's term weight that the sentence has, with what its passage's
    title and question say counted at ``_CONTEXT``; ``similarity`` is the cosine to the question.
    """

    text: str
    source: int
    start: int
    coverage: float
    similarity: float
    vector: NDArray[np.float32] = field(repr=False, compare=False)

    @property
    def relevance(self) -> float:
        """0–1: coverage and similarity in equal parts, and a little for the passage's rank."""
        return 0.45 * self.coverage + 0.45 * max(0.0, self.similarity) + 0.1 / self.source


_CONTEXT = 0.7
_ELSEWHERE = 0.25
"""What a term counts that stands only elsewhere in the sentence's passage."""


@dataclass(frozen=True)
class Extractive:
    """Sentence selection.

    Args:
        encoder: compares sentences with the question.
        term_statistics: how common terms are in the index; None: every term weighs the same.
        n_sentences: at most this many sentences in an answer.
        n_candidates: at most this many sentences are compared by the encoder.
        threshold: least probability, by the logistic model, that the evidence carries an answer.
    """

    encoder: Encoder = field(metadata={"family": "encoders", "default": "minilm"})
    term_statistics: TermStatistics | None = None
    n_sentences: int = 4
    n_candidates: int = 24
    threshold: float = 0.5

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [Completion(write_reply(self.read(prompt))) for prompt in prompts]

    def read(self, prompt: Prompt) -> Reply:
        """The reply to one prompt."""
        question = prompt.query.text
        weights = self._weights(content_terms(question) or list(dict.fromkeys(terms(question))))
        if not prompt.evidence:
            return Reply((), abstain="No passage shares a term with the question.")
        sentences, features = self._candidates(question, weights, prompt.evidence)
        confidence = probability(features)
        unknown = [term for term, weight in weights.items() if weight > 0 and self._is_unknown(term)]
        if confidence < self.threshold or not sentences:
            return Reply((), confidence=confidence, abstain=_reason(features, unknown, prompt.evidence))
        kind = kind_of(question, prompt.query.options is not None)
        if kind == "choice":
            return self._choose(prompt, sentences, confidence)
        if kind == "yes_no":
            return self._yes_or_no(sentences, confidence)
        chosen = self._select(sentences)
        return Reply(tuple(_statement(sentence) for sentence in chosen), confidence=confidence)

    def features(self, prompt: Prompt) -> Features:
        """What the decision to answer rests on; for tuning and for explanations."""
        weights = self._weights(content_terms(prompt.query.text) or list(dict.fromkeys(terms(prompt.query.text))))
        return self._candidates(prompt.query.text, weights, prompt.evidence)[1]

    def _weights(self, question_terms: Sequence[str]) -> dict[str, float]:
        """Term → idf in the index, as in BM25."""
        statistics = self.term_statistics
        if statistics is None:
            return dict.fromkeys(question_terms, 1.0)
        n = statistics.n_passages
        frequencies = statistics.document_frequencies(question_terms)
        return {
            term: math.log1p((n - frequency + 0.5) / (frequency + 0.5))
            for term, frequency in zip(question_terms, frequencies, strict=True)
        }

    def _is_unknown(self, term: str) -> bool:
        return self.term_statistics is not None and self.term_statistics.document_frequencies([term])[0] == 0

    def _candidates(
        self, question: str, weights: Mapping[str, float], evidence: Sequence[Evidence]
    ) -> tuple[list[Sentence], Features]:
        """The sentences worth comparing, best first, and the features of the decision to answer."""
        total = sum(weights.values()) or 1.0
        found: list[tuple[float, int, int, str]] = []
        passage_coverage: list[float] = []
        for source, item in enumerate(evidence, start=1):
            passage = item.passage
            context = set(terms(f"{passage.title} {passage.question}"))
            whole = context | set(terms(passage.text))
            passage_coverage.append(sum(weight for term, weight in weights.items() if term in whole) / total)
            for start, end in sentence_spans(passage.text):
                text = passage.text[start:end]
                if len(text.split()) >= _MIN_WORDS:
                    own = set(terms(text))
                    covered = sum(
                        weight * (1.0 if term in own else _CONTEXT if term in context else _ELSEWHERE)
                        for term, weight in weights.items()
                        if term in whole
                    )
                    found.append((covered / total, source, start, text))
        found.sort(key=lambda item: (-(item[0] + 0.2 / item[1]), item[1], item[2]))
        found = found[: self.n_candidates]
        heads = [f"{e.passage.title} {e.passage.question}".strip() for e in evidence[:5]]
        texts = [text for _, _, _, text in found] + [head for head in heads if head]
        vectors = self.encoder.encode_passages(texts) if texts else np.zeros((0, self.encoder.dim), np.float32)
        similarity = vectors @ self.encoder.encode_queries([question])[0]
        sentences = [
            Sentence(text, source, start, coverage, float(cosine), vector)
            for (coverage, source, start, text), cosine, vector in zip(found, similarity, vectors, strict=False)
        ]
        sentences.sort(key=lambda s: (-s.relevance, s.source, s.start))
        unknown = sum(weight for term, weight in weights.items() if self._is_unknown(term))
        best = int(np.argmax(passage_coverage)) if passage_coverage else 0
        missing = [aspect for aspect in aspects_of(question) if not _any_speaks_to(evidence[:5], aspect)]
        return sentences, Features(
            similarity=max((s.similarity for s in sentences), default=0.0),
            head_similarity=float(max(similarity[len(found) :], default=0.0)),
            coverage=max((s.coverage for s in sentences), default=0.0),
            passage_coverage=passage_coverage[best] if passage_coverage else 0.0,
            unknown=unknown / total,
            rarest_found=_rarest_found(weights, evidence[best]) if passage_coverage else 0.0,
            agreement=sum(len(e.ranks_by_retriever) > 1 for e in evidence[:5]) / 5,
            aspect_missing=float(bool(missing)),
        )

    def _select(self, sentences: Sequence[Sentence], n: int | None = None) -> list[Sentence]:
        """The best sentences without repetition, in reading order: passage by passage, as they stand there."""
        best = sentences[0].relevance
        chosen: list[Sentence] = []
        for sentence in sentences:
            if sentence.relevance < 0.75 * best or len(chosen) == (n or self.n_sentences):
                break
            if all(float(sentence.vector @ other.vector) < 0.92 for other in chosen):
                chosen.append(sentence)
        first = min(chosen, key=lambda s: (-s.relevance, s.source, s.start)).source
        return sorted(chosen, key=lambda s: (s.source != first, s.source, s.start))

    def _yes_or_no(self, sentences: Sequence[Sentence], confidence: float) -> Reply:
        weight = {"yes": 0.0, "no": 0.0, "maybe": 0.0}
        relevant = [s for s in sentences if s.relevance >= 0.7 * sentences[0].relevance][:8]
        for sentence in relevant:
            option, share = _polarity(sentence.text)
            weight[option] += share * sentence.relevance**4
            weight["maybe"] += (1 - share) * sentence.relevance**4
        total = sum(weight.values()) or 1.0
        shares = {option: value / total for option, value in weight.items()}
        choice = max(shares, key=lambda option: shares[option])
        speaking = [s for s in relevant if _polarity(s.text)[0] == choice][:3] or list(relevant[:1])
        against = [s for s in relevant if _polarity(s.text)[0] != choice][:1]
        statements = tuple(_statement(s, _polarity(s.text)[0]) for s in [*speaking, *against])
        return Reply(statements, choice=choice, options=shares, confidence=confidence)

    def _choose(self, prompt: Prompt, sentences: Sequence[Sentence], confidence: float) -> Reply:
        options = prompt.query.options or {}
        letters = list(options)
        vectors = self.encoder.encode_queries([f"{prompt.query.text} {options[letter]}" for letter in letters])
        best: dict[str, tuple[float, Sentence]] = {}
        for letter, vector in zip(letters, vectors, strict=True):
            weights = self._weights(list(dict.fromkeys(terms(options[letter]))))
            total = sum(weights.values()) or 1.0
            for sentence in sentences:
                own = set(terms(sentence.text)) | set(terms(prompt.evidence[sentence.source - 1].passage.title))
                covered = sum(weight for term, weight in weights.items() if term in own) / total
                score = sentence.relevance * (0.6 * covered + 0.4 * max(0.0, float(sentence.vector @ vector)))
                if letter not in best or score > best[letter][0]:
                    best[letter] = (score, sentence)
        powers = {letter: math.exp(8 * best[letter][0]) for letter in letters}
        shares = {letter: power / sum(powers.values()) for letter, power in powers.items()}
        ranked = sorted(letters, key=lambda letter: -shares[letter])
        statements: list[Statement] = []
        for letter in ranked[:2]:
            sentence = best[letter][1]
            if all(statement.quote != sentence.text for statement in statements):
                statements.append(_statement(sentence, letter))
        return Reply(tuple(statements), choice=ranked[0], options=shares, confidence=confidence * shares[ranked[0]])


def _statement(sentence: Sentence, option: str = "") -> Statement:
    return Statement(sentence.text, sentence.text, sentence.source, option, sentence.start)


def _polarity(text: str) -> tuple[str, float]:
    """The answer a sentence speaks for and how firmly (a hedge leaves half of it to "maybe")."""
    return "no" if denies(text) else "yes", 0.5 if hedges(text) else 1.0


def _any_speaks_to(evidence: Sequence[Evidence], aspect: str) -> bool:
    return any(speaks_to(f"{e.passage.title} {e.passage.question} {e.passage.text}", aspect) for e in evidence)


def _rarest_found(weights: Mapping[str, float], item: Evidence) -> float:
    """1 when the passage has the question's rarest term, else 0."""
    if not weights:
        return 0.0
    whole = set(terms(f"{item.passage.title} {item.passage.question} {item.passage.text}"))
    return float(max(weights, key=lambda term: weights[term]) in whole)


def _reason(features: Features, unknown: Sequence[str], evidence: Sequence[Evidence]) -> str:
    nearest = evidence[0].passage
    name = nearest.title or nearest.question or nearest.passage_id
    reasons = []
    if unknown:
        reasons.append(f"No passage contains: {', '.join(unknown)} (as stems).")
    if features.aspect_missing:
        reasons.append("The nearest passages do not speak to what is asked about it.")
    if not reasons:
        reasons.append("No passage is close enough to the question.")
    return f"{' '.join(reasons)} The nearest passage was {name!r}."


COMPONENT: type[Generator] = Extractive
