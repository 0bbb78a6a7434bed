"""Answers without a language model: sentences of the evidence, word for word, or an abstention.

Source: extractive reading by sentence selection, as in Yang et al. 2015, "WikiQA" (EMNLP), with a
lexical and a dense relevance per sentence and maximal marginal relevance (Carbonell & Goldstein 1998,
SIGIR) against repetition. Whether the evidence carries an answer at all is decided by a logistic model of
five readable features (`ragmed.answers.answerability`); whether a sentence affirms or denies, by cue
words (`ragmed.answers.polarity`). Nothing is written that is not in a passage.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.questions import (
    asks_leave,
    aspects_of,
    content_terms,
    designations,
    kind_of,
    kind_wanted,
    leave_terms,
    speaks_to,
    topic_terms,
)
from ragmed.analysis.sentences import sentence_spans
from ragmed.analysis.terms import stem, terms, words
from ragmed.answers.answerability import Features, probability
from ragmed.answers.polarity import denies, hedges, permits, said, warns
from ragmed.answers.reply import Reply, Statement, write_reply
from ragmed.protocols import Encoder, Generator, TermStatistics
from ragmed.types import Completion, Evidence, Prompt

_NO_STATEMENT = re.compile(
    r"(?:[?:]|\b(?:includes?|including|are|is|the following))\s*$|\bthe following (?:list|table)\b"
)
"""A question, or the introduction of a list without the list: true, and no answer."""
_MIN_WORDS = 3
"""A sentence of fewer words is a heading or a remnant."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A candidate: a sentence of source ``source`` (1 is the best passage) and how well it fits.

    coverage: share of the topic's weight that the sentence has; what only its title has counts `_CONTEXT`,
        what stands only elsewhere in its passage `_ELSEWHERE`.
    title_match: how nearly the title is the topic: 1 where each has the whole of the other.
    passage_coverage: share of the topic in all of the passage's sentences that do not deny.
    kind_match: whether the passage is of the kind asked for ("which disease …"); 1 where none is.
    aspect: share of the aspects asked for that the sentence speaks to; 1 where none is asked.
    denial: whether the sentence denies what the question does not ask to be denied.
    similarity, vector: cosine to the question, and the sentence's vector, once the encoder has seen it.
    asked_alike: cosine of the question and the one that the sentence's passage answers; 0 where it answers none.
    """

    text: str
    source: int
    start: int
    coverage: float
    title_match: float
    passage_coverage: float
    kind_match: float
    aspect: float
    denial: bool
    similarity: float = 0.0
    asked_alike: float = 0.0
    vector: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32), repr=False, compare=False)

    @property
    def promise(self) -> float:
        """How much can be hoped of the sentence before the encoder has compared it."""
        hope = self.coverage + self.passage_coverage + 0.3 * self.aspect + 1.2 / math.sqrt(self.source)
        return hope * (_DENIAL if self.denial else 1.0)

    @property
    def relevance(self) -> float:
        """How much of the question the sentence answers, about 0 to 1."""
        weighted = (
            _RELEVANCE["coverage"] * self.coverage
            + _RELEVANCE["similarity"] * max(0.0, self.similarity)
            + _RELEVANCE["title_match"] * self.title_match
            + _RELEVANCE["passage_coverage"] * self.passage_coverage
            + _RELEVANCE["kind_match"] * self.kind_match
            + _RELEVANCE["aspect"] * self.aspect
            + _RELEVANCE["rank"] / self.source
            + _RELEVANCE["asked_alike"] * max(0.0, self.asked_alike)
        )
        return weighted * (_DENIAL if self.denial else 1.0)


_RELEVANCE = {
    "coverage": 0.30,
    "similarity": 0.25,
    "title_match": 0.12,
    "passage_coverage": 0.15,
    "kind_match": 0.06,
    "aspect": 0.10,
    "rank": 0.02,
    "asked_alike": 0.10,
}
_DENIAL = 0.5
_ASKED_ALIKE = 5
"""Passages whose own questions are compared with the one asked, besides those with promising sentences."""
_SAME_TITLE = 0.8
"""Title match above which a passage is about just what is asked: then it must speak to the aspect asked for."""
_SAME_PASSAGE, _OTHER_PASSAGE = 0.75, 0.9
"""Least relevance, as a share of the best sentence's, to stand beside it."""
_REPETITION = 0.92
"""Cosine above which two sentences say the same."""
_SAID_OUTRIGHT = 3.0
"""How much more an answer's opening "Yes," or "No," counts than a word of denial somewhere in a sentence."""
_SPEAKS = 0.7
"""Least share of a yes/no question's terms that a sentence and its title have for a yes or no to rest on it."""
_CONTEXT = 0.7
_ELSEWHERE = 0.25
_OTHER_TYPE = 0.4
"""What is left of the coverage where the question names a type by a number that the sentence does not have."""


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

    encoder: Encoder = field(metadata={"family": "encoders", "default": {"name": "minilm", "max_tokens": 64}})
    term_statistics: TermStatistics | None = None
    n_sentences: int = 4
    n_candidates: int = 14
    threshold: float = 0.57

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [Completion(write_reply(self.read(prompt))) for prompt in prompts]

    def read(self, prompt: Prompt) -> Reply:
        """The reply to one prompt."""
        question = prompt.query.text
        if not prompt.evidence:
            return Reply((), abstain="No passage shares a term with the question.")
        sentences, features = self._candidates(question, prompt.evidence)
        confidence = probability(features)
        off_aspect = bool(sentences) and sentences[0].aspect == 0.0 and sentences[0].title_match > _SAME_TITLE
        if confidence < self.threshold or not sentences or off_aspect:
            return Reply((), confidence=confidence, abstain=self._reason(question, sentences, prompt.evidence))
        kind = kind_of(question, prompt.query.options is not None)
        if kind == "choice":
            return self._choose(prompt, sentences, confidence)
        if kind == "yes_no":
            if asks_leave(question):
                return self._allowed(question, sentences, confidence)
            speaking = self._speaking(prompt, sentences)
            if speaking:
                return self._yes_or_no(speaking, confidence)
        chosen = self._select(sentences)
        return Reply(tuple(_statement(sentence) for sentence in chosen), confidence=confidence)

    def features(self, prompt: Prompt) -> Features:
        """What the decision to answer rests on; for tuning and for explanations."""
        return self._candidates(prompt.query.text, prompt.evidence)[1]

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

    def _candidates(self, question: str, evidence: Sequence[Evidence]) -> tuple[list[Sentence], Features]:
        """The sentences worth comparing, best first, and the features of the decision to answer."""
        weights = self._weights(topic_terms(question) or list(dict.fromkeys(terms(question))))
        total = sum(weights.values()) or 1.0
        promising = sorted(
            self._sentences(question, weights, total, evidence), key=lambda s: (-s.promise, s.source, s.start)
        )[: self.n_candidates]
        sources = sorted({s.source for s in promising} | set(range(1, min(_ASKED_ALIKE, len(evidence)) + 1)))
        titles = [(n, evidence[n - 1].passage.title) for n in sources if evidence[n - 1].passage.title]
        asked = [(n, evidence[n - 1].passage.question) for n in sources if evidence[n - 1].passage.question]
        texts = [s.text for s in promising] + [title for _, title in titles] + [text for _, text in asked]
        vectors = self.encoder.encode_passages(texts)
        similarity = [float(cosine) for cosine in vectors @ self.encoder.encode_queries([question])[0]]
        of_title = similarity[len(promising) : len(promising) + len(titles)]
        alike = {n: cosine for (n, _), cosine in zip(asked, similarity[len(promising) + len(titles) :], strict=True)}
        compared = [
            replace(s, similarity=similarity[i], vector=vectors[i], asked_alike=alike.get(s.source, 0.0))
            for i, s in enumerate(promising)
        ]
        compared.sort(key=lambda s: (-s.relevance, s.source, s.start))
        return compared, Features(
            similarity=max((s.similarity for s in compared), default=0.0),
            head_similarity=max(of_title, default=0.0),
            asked_alike=max(alike.values(), default=0.0),
            title_match=compared[0].title_match if compared else 0.0,
            best_asked_alike=compared[0].asked_alike if compared else 0.0,
            coverage=max((s.coverage * s.aspect for s in compared), default=0.0),
            unknown=sum(weight for term, weight in weights.items() if self._is_unknown(term)) / total,
            agreement=sum(len(e.ranks_by_retriever) > 1 for e in evidence[:5]) / 5,
        )

    def _sentences(
        self, question: str, weights: Mapping[str, float], total: float, evidence: Sequence[Evidence]
    ) -> Iterator[Sentence]:
        """Every sentence of the evidence that says something, not yet compared by the encoder."""
        aspects, named, kind = aspects_of(question), designations(question), kind_wanted(question)
        # A denial answers a yes/no question; to any other it is rarely what was wanted.
        asks_denial = denies(question) or kind_of(question) == "yes_no"
        for source, item in enumerate(evidence, start=1):
            passage = item.passage
            spans = [_without_bullet(start, passage.text[start:end]) for start, end in sentence_spans(passage.text)]
            cut = [(start, text, set(terms(text)), denies(text) and not asks_denial) for start, text in spans]
            context = set(terms(f"{passage.title} {passage.question}"))
            whole = context.union(*(own for _, _, own, denial in cut if not denial))
            passage_coverage = _share(weights, whole, total)
            title_match = self._title_match(item, weights, total)
            for start, text, own, denial in cut:
                if _says_nothing(text):
                    continue
                coverage = _share(weights, own, total)
                coverage += _CONTEXT * _share(weights, context - own, total)
                coverage += _ELSEWHERE * _share(weights, whole - context - own, total)
                yield Sentence(
                    text=text,
                    source=source,
                    start=start,
                    coverage=coverage if named <= own | context else coverage * _OTHER_TYPE,
                    title_match=title_match,
                    passage_coverage=passage_coverage,
                    kind_match=float(not kind or passage.kind == kind),
                    aspect=sum(speaks_to(text, a) for a in aspects) / len(aspects) if aspects else 1.0,
                    denial=denial,
                )

    def _title_match(self, item: Evidence, topic: Mapping[str, float], total: float) -> float:
        title = self._weights(list(dict.fromkeys(terms(item.passage.title or item.passage.question))))
        of_title = _share(title, topic, sum(title.values()) or 1.0)
        return of_title * _share(topic, title, total)

    def _reason(self, question: str, sentences: Sequence[Sentence], evidence: Sequence[Evidence]) -> str:
        """Why there is no answer, in words."""
        topic = set(topic_terms(question))
        unknown = [
            w for w in dict.fromkeys(words(question)) if stem([w])[0] in topic and self._is_unknown(stem([w])[0])
        ]
        nearest = evidence[0].passage
        reasons = []
        if unknown:
            reasons.append(f"No passage contains {', '.join(repr(word) for word in unknown)}.")
        if sentences and sentences[0].aspect == 0.0:
            reasons.append(f"No passage found speaks of {' or '.join(aspects_of(question))}.")
        if not reasons:
            reasons.append("No passage says enough of what is asked.")
        return f"{' '.join(reasons)} The nearest was {nearest.title or nearest.question or nearest.passage_id!r}."

    def _select(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The best sentences without repetition, in reading order.

        The best sentence's passage is read on first: a sentence of another passage must be nearly as good.
        """
        best = sentences[0]
        chosen: list[Sentence] = []
        for sentence in sentences:
            least = _SAME_PASSAGE if sentence.source == best.source else _OTHER_PASSAGE
            repeated = any(float(sentence.vector @ other.vector) > _REPETITION for other in chosen)
            if sentence.relevance >= least * best.relevance and not repeated and len(chosen) < self.n_sentences:
                chosen.append(sentence)
        return sorted(chosen, key=lambda s: (s.source != best.source, s.source, s.start))

    def _speaking(self, prompt: Prompt, sentences: Sequence[Sentence]) -> list[Sentence]:
        """The sentences that have what a yes/no question asks about: on others no yes or no can rest."""
        weights = self._weights(content_terms(prompt.query.text))
        total = sum(weights.values()) or 1.0
        speaking = []
        for sentence in sentences:
            passage = prompt.evidence[sentence.source - 1].passage
            own = set(terms(f"{sentence.text} {passage.title} {passage.question}"))
            if sentence.relevance >= 0.7 * sentences[0].relevance and _share(weights, own, total) >= _SPEAKS:
                speaking.append(sentence)
        return speaking[:8]

    def _yes_or_no(self, relevant: Sequence[Sentence], confidence: float) -> Reply:
        weight = {"yes": 0.0, "no": 0.0, "maybe": 0.0}
        for sentence in relevant:
            option, share = _polarity(sentence.text)
            weight[option] += share * sentence.relevance**4
            weight["maybe"] += max(0.0, 1 - share) * sentence.relevance**4
        total = sum(weight.values()) or 1.0
        shares = {option: value / total for option, value in weight.items()}
        choice = max(shares, key=lambda option: shares[option])
        speaking = [s for s in relevant if _polarity(s.text)[0] == choice][:3] or list(relevant[:1])
        against = [s for s in relevant if _polarity(s.text)[0] != choice][:1]
        statements = tuple(_statement(s, _polarity(s.text)[0]) for s in [*speaking, *against])
        return Reply(statements, choice=choice, options=shares, confidence=confidence)

    def _allowed(self, question: str, sentences: Sequence[Sentence], confidence: float) -> Reply:
        """May it be done? No where a sentence on it warns; yes only where one says so and none warns; else neither."""
        topic = leave_terms(question)
        relevant = [s for s in sentences if s.relevance >= 0.6 * sentences[0].relevance][:8]
        on_topic = [s for s in relevant if topic <= set(terms(s.text))] or relevant[:1]
        warnings = [s for s in on_topic if warns(s.text)]
        permissions = [s for s in on_topic if permits(s.text)]
        choice = "no" if warnings else "yes" if permissions else "maybe"
        first = warnings or permissions
        chosen = [*first, *(s for s in self._select(sentences) if s not in first)][: self.n_sentences]
        options = {option: float(option == choice) for option in ("yes", "no", "maybe")}
        said = {id(s): "no" if s in warnings else "yes" if s in permissions else "maybe" for s in chosen}
        statements = tuple(_statement(s, said[id(s)]) for s in chosen)
        return Reply(statements, choice=choice, options=options, confidence=confidence)

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


def _share(weights: Mapping[str, float], among: Container[str], total: float) -> float:
    """The part of the total weight whose terms are ``among`` some."""
    return sum(weight for term, weight in weights.items() if term in among) / total


def _says_nothing(text: str) -> bool:
    """Whether a sentence is a heading, a question, a list's introduction or a fragment of its items.

    >>> _says_nothing("What is gout?"), _says_nothing("joint pain at night"), _says_nothing("Gout is painful.")
    (True, True, False)
    """
    fragment = text[:1].islower() and text[-1] not in ".!)"
    return len(text.split()) < _MIN_WORDS or fragment or bool(_NO_STATEMENT.search(text))


def _without_bullet(start: int, text: str) -> tuple[int, str]:
    """A sentence and its place, less the mark of a list item.

    >>> _without_bullet(10, "- Wash your hands.")
    (12, 'Wash your hands.')
    """
    bullet = re.match(r"(?:[-*•·▪◦–]\s+)+", text)
    return (start + bullet.end(), text[bullet.end() :]) if bullet else (start, text)


def _statement(sentence: Sentence, option: str = "") -> Statement:
    return Statement(sentence.text, sentence.text, sentence.source, option, sentence.start)


def _polarity(text: str) -> tuple[str, float]:
    """The answer a sentence speaks for and how firmly (a hedge leaves half of it to "maybe")."""
    if word := said(text):
        return word, _SAID_OUTRIGHT
    return "no" if denies(text) else "yes", 0.5 if hedges(text) else 1.0


COMPONENT: type[Generator] = Extractive
