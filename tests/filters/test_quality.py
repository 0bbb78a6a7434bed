"""Rules of thumb for prose, each with the text just inside and just outside its limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from ragmed import catalog
from ragmed.filters.quality import Quality
from ragmed.types import Document

PROSE = "The fever that patients have is one of the signs of the infection and must be treated with care. "


def reason(text: str, quality: Quality | None = None) -> str:
    (found,) = (quality or Quality()).refuse([Document("d", "", text, "s", "u", "CC0")])
    return found


def test_prose_passes() -> None:
    assert reason(PROSE) == ""
    assert reason("\n\n".join(f"{number}. {PROSE}" for number in range(20))) == ""


@pytest.mark.parametrize(
    ("inside", "outside", "expected"),
    [
        ("It is a rare disease.", "It is rare too.", "too few words"),
        ("fever " * 100_000, "fever " * 100_001, "too many words"),
        ("bad air can kill", "it is in an ox", "words too short on average"),
        ("pneumonoul " * 5, "pneumonoult " * 5, "words too long on average"),
        ("fever # " + "fever " * 9, "fever # # " + "fever " * 9, "too many # or ellipses"),
        ("fever " * 7 + "123456 " * 3, "fever " * 7 + "123456 " * 4, "too few words with a letter"),
        ("He wrote lorem and ipsum here.", "Lorem ipsum dolor sit amet.", "placeholder text"),
        (
            f"{PROSE}\n{PROSE}1\n{PROSE}2\nand so on…",
            f"{PROSE}\n{PROSE}and so on…",
            "too many lines end in an ellipsis",
        ),
        (f"{PROSE}\n{PROSE}", f"{PROSE}\n{PROSE}\n{PROSE}", "too many repeated lines"),
        ("the and " + "fever " * 48, "the the " + "fever " * 48, "too few stop words"),
    ],
)
def test_each_rule_refuses_what_lies_beyond_its_limit(inside: str, outside: str, expected: str) -> None:
    quality = Quality(min_words=1) if "on average" in expected else Quality()
    assert reason(inside, quality) != expected
    assert reason(outside, quality) == expected


def test_lists_pass_unless_a_limit_is_set() -> None:
    nine_of_ten = "\n".join([f"- {PROSE}{number}" for number in range(9)] + ["It ends here."])
    all_of_ten = "\n".join(f"- {PROSE}{number}" for number in range(10))
    assert reason(all_of_ten) == ""
    assert reason(nine_of_ten, Quality(max_bullet_share=0.9)) == ""
    assert reason(all_of_ten, Quality(max_bullet_share=0.9)) == "too many lines begin with a bullet"


def test_a_short_list_need_not_be_prose() -> None:
    assert reason("- fever of unknown cause and\n- cough at night") == ""


def test_stop_words_of_another_language_may_be_named_or_none() -> None:
    german = "Fieber und Husten sind Zeichen einer Infektion der Lunge. " * 6
    assert reason(german) == "too few stop words"
    assert reason(german, Quality(stop_words=("und", "der"))) == ""
    assert reason(german, Quality(stop_words=())) == ""


def test_a_text_without_words_is_refused_whatever_the_limits() -> None:
    assert reason(" \n ", Quality(min_words=0)) == "too few words"


@dataclass
class FakeScorer:
    """Scores a document by its title, and remembers what it was asked."""

    asked: list[str]

    def score(self, documents: Sequence[Document]) -> list[float]:
        self.asked += [document.doc_id for document in documents]
        return [float(document.title) for document in documents]


def test_a_scorer_judges_what_passed_the_rules() -> None:
    scorer = FakeScorer([])
    titles = {"good": "4", "bad": "2.9", "limit": "3", "nonsense": "nan"}
    documents = [Document(doc_id, title, PROSE, "s", "u", "CC0") for doc_id, title in titles.items()]
    documents.insert(1, Document("empty", "5", "", "s", "u", "CC0"))
    reasons = Quality(scorer=scorer, min_score=3).refuse(documents)
    assert reasons == ["", "too few words", "score too low", "", "score too low"]
    assert scorer.asked == ["good", "bad", "limit", "nonsense"]


def test_a_recipe_names_the_scorer_and_without_one_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "scorers"
    folder.mkdir()
    (folder / "length.py").write_text(
        "from dataclasses import dataclass\n\n\n"
        "@dataclass(frozen=True)\nclass Length:\n    per_char: float = 1\n\n"
        "    def score(self, documents):\n        return [self.per_char * len(d.text) for d in documents]\n\n\n"
        "COMPONENT = Length\n"
    )
    monkeypatch.setenv("RAGMED_COMPONENTS", str(tmp_path))
    table = {"name": "quality", "scorer": {"name": "length", "per_char": 0.5}, "min_score": 40}
    long, short = (Document("d", "", text, "s", "u", "CC0") for text in (PROSE, "The cause is not known to us."))
    assert catalog.make("filters", table, "test").refuse([long, short]) == ["", "score too low"]
    assert catalog.make("filters", "quality", "test").scorer is None
