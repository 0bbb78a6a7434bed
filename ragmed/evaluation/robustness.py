"""Questions perturbed so that the right answer stays what it is, and what that does to a measure.

A system that understands a question answers it the same with its options in another order, with slips of the
keyboard, in other words, or with details of a patient that have no bearing on it. Each perturbation is a
dataclass whose ``perturb(question, seed)`` gives a question of the same id; equal seeds, equal questions, whatever
else is perturbed. A question to which a perturbation cannot be applied safely is returned as it is: compare
``perturbed.query`` with ``question.query`` to count them.

`IrrelevantDetails` follows the idea of MedFuzz, and differs from it: there a language model attacks the tested one
over several turns, violating what benchmarks assume of patients (social characteristics above all) until the
answer flips; here neutral sentences come from a fixed list, chosen without looking at any system, with no
characteristic of the patient among them. So the change measured here bounds nothing that MedFuzz measures: it is
the milder test.

Source: Ness et al. 2024, "MedFuzz: Exploring the Robustness of Large Language Models in Medical Question
Answering" (arXiv:2406.06573); for the order of options Pezeshkpour and Hruschka 2024 (arXiv:2308.11483).
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from ragmed.analysis.sentences import sentence_spans
from ragmed.evaluation.statistics import SEED, mean, paired_bootstrap, paired_randomisation
from ragmed.types import Question


class Perturbation(Protocol):
    """A way to change a question and not its answer."""

    def perturb(self, question: Question, seed: int) -> Question:
        """The question, changed where it can be; deterministic."""
        ...


# ── the order of options ──────────────────────────────────────────────────────────────────────────────────────────

_KEEPS_PLACE = re.compile(
    r"\b(?:above|preceding|foregoing|below)\b"
    r"|^\W*(?:none|all|both|neither|either|any|others?)(?:\W+of\W+(?:these|those|them|the)\b|\W*$)",
    re.IGNORECASE,
)
_NAMES_OTHERS = re.compile(
    r"\b(?i:options?|choices?|answers?)\s+[(\[]?[A-J1-9]\b"
    r"|(?<![\w-])[(\[]?[A-J][)\]]?\s*(?:,|and|or|&)\s*[(\[]?[A-J](?![\w-])"
    r"|^\W*(?i:both|either|neither)\s+[(\[]?(?:[A-J]{2,4}|[a-j1-9][)\]]?\s*(?:,|and|n?or|&)\s*[(\[]?[a-j1-9])\b"
)


@dataclass(frozen=True)
class ShuffledOptions:
    """The options' texts in another order under the same letters; the right letter moves with its text.

    An option such as "none of the above" keeps its place; where one names others by letter ("both A and C"),
    nothing is moved.
    """

    def perturb(self, question: Question, seed: int) -> Question:
        options = question.query.options
        if not options or any(_NAMES_OTHERS.search(text) for text in options.values()):
            return question
        movable = [letter for letter, text in options.items() if not _KEEPS_PLACE.search(text)]
        if len({options[letter] for letter in movable}) < 2:
            return question
        chance = _chance("options", seed, question)
        order = list(movable)
        while all(options[old] == options[new] for old, new in zip(movable, order, strict=True)):
            chance.shuffle(order)
        source = dict(zip(movable, order, strict=True))
        shuffled = {letter: options[source.get(letter, letter)] for letter in options}
        moved_to = {old: new for new, old in source.items()}
        return replace(
            question,
            query=replace(question.query, options=shuffled),
            choice=moved_to.get(question.choice, question.choice),
        )


# ── slips of the keyboard ─────────────────────────────────────────────────────────────────────────────────────────

_NEIGHBOURS = {
    # QWERTY. No vowel for a vowel: "perineal" must not become "peroneal", nor "ilium" "ileum".
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "k", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "pl", "p": "l", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yj", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_WORD = re.compile(r"\S+")
_PLAIN = re.compile(r"[\"'(\[]?([A-Za-z][a-z]{3,})[\"')\],.;:?!]*\Z")
_QUANTITIES = frozenset(
    """
    mg mcg gram grams kilogram kilograms milligram milligrams microgram micrograms nanogram nanograms litre litres liter
    liters millilitre millilitres milliliter milliliters decilitre deciliter mmol mol mole moles millimole millimoles
    micromole micromoles nanomole meq milliequivalent milliequivalents unit units iu mmhg cmh bpm beats breaths
    percent degree degrees celsius fahrenheit second seconds minute minutes hour hours hourly day days daily week weeks
    weekly month months monthly year years yearly annual annually inch inches foot feet pound pounds ounce ounces metre
    metres meter meters centimetre centimetres centimeter centimeters millimetre millimetres millimeter millimeters
    dose doses tablet tablets capsule capsules drop drops puff puffs ampoule vial
    zero three four five seven eight nine eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
    twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half quarter third thirds
    once twice thrice double triple single first second fourth fifth sixth seventh eighth ninth tenth
    """.split()  # noqa: SIM905
)
_TURNS_THE_MEANING = frozenset(
    "without never neither except none cannot absent absence unless least most more less high higher low lower".split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Typos:
    """One slip in each of a share of the question's words: two letters swapped, one doubled, lost, or its neighbour.

    Slips fall into words of four small letters and more, never on the first or the last letter; never into numbers,
    units, doses and the words beside numbers, abbreviations, negations and words of degree, or the options.
    A slip turns no vowel into another; that it makes another real word cannot be excluded altogether.

    Args:
        rate: share of the words that could have a slip; at least one has.
    """

    rate: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1:
            raise ValueError(f"rate is {self.rate}, not a share above 0 and up to 1")

    def perturb(self, question: Question, seed: int) -> Question:
        text = question.query.text
        places = _slippery(text)
        if not places:
            return question
        chance = _chance("typos", seed, question)
        n = min(len(places), max(1, round(self.rate * len(places))))
        for start, end in sorted(chance.sample(places, n), reverse=True):
            text = text[:start] + _slip(text[start:end], chance) + text[end:]
        return _reworded(question, text)


def _slippery(text: str) -> list[tuple[int, int]]:
    """Where words stand that may have a slip."""
    found = list(_WORD.finditer(text))
    quantity = [bool(re.search(r"\d", m.group())) or _bare(m.group()) in _QUANTITIES for m in found]
    places = []
    for i, match in enumerate(found):
        plain = _PLAIN.match(match.group())
        beside_number = any(quantity[max(0, i - 1) : i + 2])
        if plain and not beside_number and plain.group(1).casefold() not in _TURNS_THE_MEANING:
            places.append((match.start() + plain.start(1), match.start() + plain.end(1)))
    return places


def _bare(word: str) -> str:
    return re.sub(r"[^a-z]", "", word.casefold())


def _slip(word: str, chance: random.Random) -> str:
    inner = range(1, len(word) - 1)
    swaps = [i for i in inner[:-1] if word[i] != word[i + 1]]
    kind = chance.choice(["neighbour", "doubled", "lost", *(["swapped"] * 3 if swaps else [])])
    if kind == "swapped":
        i = chance.choice(swaps)
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    i = chance.choice(inner)
    if kind == "neighbour":
        return word[:i] + chance.choice(_NEIGHBOURS[word[i]]) + word[i + 1 :]
    return word[:i] + word[i] * (2 if kind == "doubled" else 0) + word[i + 1 :]


# ── other words ───────────────────────────────────────────────────────────────────────────────────────────────────

_REPHRASED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), openings)
    for pattern, openings in (
        (r"which (?:one )?of the following (is|are|would|will|was|were|can|should|may|has|have|does|do)\b",
         (r"of the following, which \1", r"among the following, which \1")),
        (r"which (?:one )?of the following\b", ("which of these", "which among the following")),
        (r"what is the most (?:likely|probable) diagnosis\b",
         ("which diagnosis is the most likely one", "what would be the most likely diagnosis")),
        (r"what is the most (?:likely|probable) (cause|mechanism|explanation)\b",
         (r"what would be the most likely \1",)),
        (r"what is the (?:best|most appropriate) next step\b",
         ("what should be the next step", "which next step is the most appropriate")),
        (r"what are the (signs|symptoms|signs and symptoms|causes|complications|side effects) of\b",
         (r"which are the \1 of", r"what \1 are known of")),
        (r"what are the treatments (for|of)\b", (r"which treatments are there \1",)),
        (r"how (is|are|does|do|can|did|was|were)\b", (r"in what way \1", r"in which way \1")),
        (r"why\b", ("for what reason", "for which reason")),
    )
)  # fmt: skip
"""Openings of questions, and what may stand instead of each."""
_STEM_FRAMES = ("Please choose the answer that fits. {}", "Which of the answers fits here? {}")
_FRAMES = ("I would like to know: {}", "My question is this: {}", "Please answer the following question. {}")
_ASKS = re.compile(r"(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Paraphrase:
    """The opening of the question in other words, by rules that keep the rest of it word for word.

    The question is the last sentence that ends in a question mark, or begins with a question word. Where no rule
    fits its opening, it is introduced by a phrase of courtesy; so is a stem that the options complete. What else asks
    nothing stays as it is.
    """

    def perturb(self, question: Question, seed: int) -> Question:
        text = question.query.text
        chance = _chance("paraphrase", seed, question)
        if span := _asking(text):
            start, end = span
            return _reworded(question, text[:start] + _rephrased(text[start:end], chance) + text[end:])
        if question.query.options and (spans := sentence_spans(text)):
            start, end = spans[-1]
            return _reworded(question, text[:start] + chance.choice(_STEM_FRAMES).format(text[start:end]) + text[end:])
        return question


def _rephrased(asked: str, chance: random.Random) -> str:
    for pattern, openings in _REPHRASED:
        if match := pattern.match(asked):
            opening = match.expand(chance.choice(openings))
            if asked[0].isupper():
                opening = opening[0].upper() + opening[1:]
            return opening + asked[match.end() :]
    return chance.choice(_FRAMES).format(asked)


def _asking(text: str) -> tuple[int, int] | None:
    """Where the sentence stands that asks; None where none does."""
    spans = sentence_spans(text)
    marked = [span for span in spans if text[span[1] - 1] == "?"]
    opened = [span for span in spans if _ASKS.match(text, span[0])]
    return next(iter([*marked[-1:], *opened[-1:]]), None)


# ── irrelevant details ────────────────────────────────────────────────────────────────────────────────────────────

_PATIENT = re.compile(
    r"\b(?:patient|man|woman|boy|girl|infant|newborn|child|[\w-]+[- ](?:year|month|week|day)s?[- ]old)\b",
    re.IGNORECASE,
)
OF_A_VISIT = (
    "The appointment had been made by telephone.",
    "The visit takes place on a Tuesday.",
    "The consultation room is on the second floor of the building.",
    "The waiting room has a clock on the wall.",
    "The conversation is noted in the electronic record.",
    "The receptionist has confirmed the address on file.",
    "The door of the consultation room is painted green.",
    "A form with the date of the visit has been signed.",
    "The appointment began a few minutes late.",
    "The previous appointment that morning had been cancelled.",
)
"""Sentences about a visit that bear on no diagnosis, treatment or prognosis: nothing about the patient's body, habits,
exposures, travels, work, family or means."""
OF_THE_ASKER = (
    "I am writing this on a Tuesday.",
    "A colleague asked me this the other day.",
    "I have a notebook for such questions.",
    "I came across this while tidying my desk.",
    "We talked about this over the telephone.",
    "I could not find the page where I had read about it.",
)
"""Sentences that introduce a question in which there is no patient."""


@dataclass(frozen=True)
class IrrelevantDetails:
    """Neutral sentences before the sentence that asks: about the visit where there is a patient, else about the asker.

    Args:
        n_sentences: how many.
    """

    n_sentences: int = 2

    def __post_init__(self) -> None:
        if not 1 <= self.n_sentences <= len(OF_THE_ASKER):
            raise ValueError(f"n_sentences is {self.n_sentences}, not between 1 and {len(OF_THE_ASKER)}")

    def perturb(self, question: Question, seed: int) -> Question:
        text = question.query.text
        details = OF_A_VISIT if _PATIENT.search(text) else OF_THE_ASKER
        chance = _chance("details", seed, question)
        added = " ".join(chance.sample(details, self.n_sentences))
        spans = sentence_spans(text)
        start = (_asking(text) or (spans[-1] if spans else (0, 0)))[0]
        return _reworded(question, f"{text[:start]}{added} {text[start:]}")


PERTURBATIONS: Mapping[str, Perturbation] = {
    "options": ShuffledOptions(),
    "typos": Typos(),
    "paraphrase": Paraphrase(),
    "details": IrrelevantDetails(),
}
"""By the name under which an evaluation runs them."""


def _reworded(question: Question, text: str) -> Question:
    return replace(question, query=replace(question.query, text=text))


def _chance(kind: str, seed: int, question: Question) -> random.Random:
    """A generator of the question's own: what one draws does not depend on the others."""
    name = f"{kind}\0{seed}\0{question.query.query_id}".encode("utf-8", "surrogatepass")
    return random.Random(int.from_bytes(hashlib.sha256(name).digest(), "big"))


# ── what it changes ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Change:
    """Perturbed less plain, over the ``n`` questions that both runs have: mean with its 95 % interval, and p.

    ``n_worse``, ``n_better`` and ``n_equal`` count questions; ``n_only_one`` are those that one run lacks.
    """

    plain: float
    perturbed: float
    difference: float
    low: float
    high: float
    p: float
    n: int
    n_worse: int
    n_better: int
    n_equal: int
    n_only_one: int


def change(plain: Mapping[str, float], perturbed: Mapping[str, float], *, seed: int = SEED) -> Change:
    """What a perturbation did to a measure: both runs' figures by question.

    Raises:
        ValueError: the runs have no question in common.
    """
    shared = [query_id for query_id in plain if query_id in perturbed]
    if not shared:
        raise ValueError("the plain and the perturbed run have no question in common")
    before, after = [plain[query_id] for query_id in shared], [perturbed[query_id] for query_id in shared]
    gains = [b - a for a, b in zip(before, after, strict=True)]
    difference, low, high = paired_bootstrap(after, before, seed=seed)
    return Change(
        plain=mean(before),
        perturbed=mean(after),
        difference=difference,
        low=low,
        high=high,
        p=paired_randomisation(after, before, seed=seed),
        n=len(shared),
        n_worse=sum(gain < 0 for gain in gains),
        n_better=sum(gain > 0 for gain in gains),
        n_equal=sum(gain == 0 for gain in gains),
        n_only_one=len(set(plain) ^ set(perturbed)),
    )
