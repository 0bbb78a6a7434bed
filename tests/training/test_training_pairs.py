"""What is learnt from: pairs from an index or a file, which are held out, and the negatives of each."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragmed.errors import DamagedFile, MissingFile, RecipeError, UnknownName
from ragmed.generators.replay import Replay
from ragmed.index.open import Index
from ragmed.report import Report
from ragmed.training.negatives import Mining, candidates, mine
from ragmed.training.pairs import Negative, Pair, normal, plain_passage, read_pairs, write_pairs
from ragmed.training.pool import index_pool, texts_pool
from ragmed.training.sources import Kind, asking, pairs_of_file, pairs_of_index, reading
from ragmed.training.split import split_by_document


def pair(query: str, doc_id: str, text: str = "", **more: Any) -> Pair:
    return Pair(query, query, plain_passage(f"{doc_id}:{text or query}", doc_id, text or query), **more)


def of_index(index: Index, kind: Kind, n: int = 100, seed: int = 1, **more: Any) -> list[Pair]:
    return pairs_of_index(index, kind, max_pairs=n, seed=seed, report=Report(), **more)


def of_file(path: Path, lines: list[object], index: Index | None = None, n: int = 100) -> list[Pair]:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return pairs_of_file(path, index, max_pairs=n, seed=1, report=Report())


def test_the_question_of_a_passage_is_its_query_and_not_read_in_it(guide: Index) -> None:
    pairs = of_index(guide, "questions")
    assert [p.query for p in pairs][:3] == ["What is fever?", "What is fever ?", "What causes gout?"]
    assert len(pairs) == 9
    assert {p.positive.question for p in pairs} == {""}
    assert all(p.positive.text for p in pairs)


def test_a_title_is_a_query_and_no_passage_is_read_with_its_title(guide: Index) -> None:
    pairs = of_index(guide, "titles")
    assert ("Hand washing", "page") in {(p.query, p.positive.doc_id) for p in pairs}
    assert {(p.positive.title, p.positive.section) for p in pairs} == {("", "")}
    assert reading("titles")(guide.passages[0]).title == ""


def test_a_cloze_query_is_the_sentence_of_the_rarest_terms_taken_out_of_its_passage(guide: Index) -> None:
    [scurvy] = [p for p in of_index(guide, "cloze") if p.positive.doc_id == "scurvy"]
    assert scurvy.query == "Gums bleed and old wounds open again."
    assert scurvy.positive.text == "A lack of vitamin C in the food. Eat fruit."


def test_one_cloze_passage_in_ten_keeps_its_sentence(guide: Index) -> None:
    kept = [p.query in p.positive.text for seed in range(40) for p in of_index(guide, "cloze", seed=seed)]
    assert 0.05 < sum(kept) / len(kept) < 0.15


def test_a_language_model_writes_queries_and_its_failures_are_counted(guide: Index, tmp_path: Path) -> None:
    replies = [
        {"query_id": p.passage_id, "text": "<think>Hm.</think>\n**Why wash hands?**"}
        for p in guide.passages
        if p.doc_id == "page"
    ]
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(r) + "\n" for r in replies), encoding="utf-8")
    report = Report()
    generator = Replay(str(tmp_path / "replies.jsonl"))
    [found] = pairs_of_index(guide, "generated", max_pairs=100, seed=1, report=report, generator=generator)
    assert (found.query, found.positive.doc_id) == ("Why wash hands?", "page")
    assert report.skipped["no question written for a passage"].n == 9


def test_generated_queries_need_a_language_model(guide: Index) -> None:
    with pytest.raises(RecipeError, match="--generator"):
        of_index(guide, "generated")


def test_a_sample_is_drawn_by_the_seed(guide: Index) -> None:
    assert of_index(guide, "questions", 4) == of_index(guide, "questions", 4)
    assert len({tuple(p.query_id for p in of_index(guide, "questions", 4, seed)) for seed in range(5)}) > 1


def test_a_line_names_its_passage_by_text_by_passage_or_by_document(guide: Index, tmp_path: Path) -> None:
    passage_id = guide.passages.ids[2]
    lines: list[object] = [
        {"query": "a", "positive": "Soap.", "negatives": ["Dirt.", passage_id]},
        {"query": "b", "passage_id": passage_id},
        {"query": "c", "doc_id": "page", "query_id": "mine"},
    ]
    text, by_id, by_document = of_file(tmp_path / "p.jsonl", lines, guide)
    assert (text.positive.text, [n.passage.text[:5] for n in text.negatives]) == ("Soap.", ["Dirt.", "Urate"])
    assert by_id.positive == guide.passage(passage_id)
    assert (by_document.query_id, by_document.positive.title) == ("mine", "Hand washing")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"query": "a"}, r'p.jsonl, line 2: a pair needs "query" and one of'),
        ({"positive": "a"}, r"line 2: a pair needs"),
        ({"query": "a", "positive": "b", "negatives": "c"}, r"line 2: a pair needs"),
        ({"query": "a", "doc_id": "page"}, r"line 2: names its passage by an id; .*--index"),
    ],
)
def test_a_line_that_is_no_pair_is_named(line: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=message):
        of_file(tmp_path / "p.jsonl", [{"query": "a", "positive": "b"}, line])


def test_a_document_that_is_not_in_the_index_is_named(guide: Index, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="'nowhere'"):
        of_file(tmp_path / "p.jsonl", [{"query": "a", "doc_id": "nowhere"}], guide)


def test_a_file_of_pairs_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MissingFile):
        pairs_of_file(tmp_path / "none.jsonl", None, max_pairs=1, seed=1, report=Report())
    with pytest.raises(DamagedFile, match="holds no pairs"):
        of_file(tmp_path / "p.jsonl", [])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=40),
    st.integers(0, 3),
    st.floats(0.05, 0.6),
)
def test_no_document_query_or_text_is_on_both_sides(
    numbers: list[tuple[int, int, int]], seed: int, share: float
) -> None:
    pairs = [pair(f"Q{q}", f"d{d}", f"t{t}") for q, d, t in numbers]
    try:
        done = split_by_document(pairs, share, seed)
    except RecipeError:
        return
    sides = [[p for p in done if p.split == split] for split in ("train", "held_out")]
    assert all(sides)
    for told in (lambda p: p.positive.doc_id, lambda p: normal(p.query), lambda p: p.positive.text):
        first, second = ({told(p) for p in side} for side in sides)
        assert not first & second
    assert [replace(p, split="train") for p in done] == pairs


def test_the_share_held_out_is_about_as_wanted() -> None:
    done = split_by_document([pair(f"q{i}", f"d{i}") for i in range(200)], 0.2, 1)
    assert sum(p.split == "held_out" for p in done) == 40


def test_pairs_of_one_document_cannot_be_split() -> None:
    with pytest.raises(RecipeError, match="two documents"):
        split_by_document([pair("a", "d"), pair("b", "d")], 0.5, 1)


def test_negatives_are_hits_of_the_ranks_wanted_and_never_answers(guide: Index) -> None:
    pool = index_pool(guide, None, reading("questions"))
    pairs = [replace(p, split="train") for p in of_index(guide, "questions")]
    for done in mine(pairs, pool, Mining(n=3, first_rank=2, last_rank=4, seed=1)):
        hits = [pool.passages[row].passage_id for row in pool.search([done.query], 4)[0].rows.tolist()]
        for negative in done.negatives:
            assert negative.passage.question == ""
            assert negative.passage.doc_id != done.positive.doc_id
            assert negative.rank == 0 or hits[negative.rank - 1] == negative.passage.passage_id
            assert negative.rank != 1
        if normal(done.query).startswith("what is fever"):
            assert not {"fever", "pyrexia"} & {n.passage.doc_id for n in done.negatives}


def test_a_passage_of_the_same_title_is_no_negative(guide: Index) -> None:
    pool = index_pool(guide, None, reading("titles"), asking("titles"))
    pairs = [p for p in of_index(guide, "titles") if p.positive.doc_id in ("insulin", "gout")]
    for done in mine(pairs, pool, Mining(n=9, first_rank=1, last_rank=10)):
        found = {n.passage.doc_id for n in done.negatives}
        assert found
        assert ("insulin2" in found) == (done.query == "Gout")


def test_negatives_are_drawn_by_the_seed_and_a_pairs_own_do_not_depend_on_others(guide: Index) -> None:
    pool, mining = index_pool(guide, "bm25"), Mining(n=2, first_rank=1, last_rank=8)
    pairs = of_index(guide, "questions")
    assert mine(pairs, pool, mining) == mine(pairs, pool, mining)
    assert mine(pairs[2:3], pool, mining) == mine(pairs, pool, mining)[2:3]
    assert mine(pairs, pool, replace(mining, seed=2)) != mine(pairs, pool, mining)


def test_near_duplicates_of_the_positive_and_held_out_documents_are_no_negatives() -> None:
    text = "Gout is caused by crystals of urate in the joints of the foot"
    pairs = [
        pair("gout crystals", "a", text),
        pair("gout", "b", text + " and hand."),
        pair("gout foot", "c", "Gout of the foot hurts at night and needs rest.", split="held_out"),
        pair("hand", "d", "The joints of the hand are small."),
    ]
    with texts_pool([p.positive for p in pairs]) as pool:
        done = mine(pairs, pool, Mining(n=3, first_rank=1, last_rank=10))
    assert [n.passage.doc_id for n in done[0].negatives] == ["d"]
    assert done[2] == pairs[2]


def test_where_the_search_finds_too_few_passages_are_drawn_at_random() -> None:
    pairs = [pair("fever", "a"), pair("cough", "b"), pair("gout", "c")]
    with texts_pool([p.positive for p in pairs]) as pool:
        [first, *_] = mine(pairs, pool, Mining(n=2, first_rank=1, last_rank=10))
    assert {(n.passage.doc_id, n.rank) for n in first.negatives} == {("b", 0), ("c", 0)}


def test_given_negatives_come_first() -> None:
    own = (Negative(plain_passage("x", "x", "Given.")),)
    pairs = [pair("fever", "a", negatives=own), pair("cough", "b")]
    with texts_pool([p.positive for p in pairs]) as pool:
        [first, _] = mine(pairs, pool, Mining(n=1, first_rank=1, last_rank=10))
    assert first.negatives == own


def test_a_margin_leaves_out_what_scores_near_the_positive(guide: Index) -> None:
    pool, pairs = index_pool(guide, "bm25"), of_index(guide, "questions")
    for done in mine(pairs, pool, Mining(n=5, first_rank=1, last_rank=9, margin=0.5)):
        of_positive = pool.score(done.query, done.positive.passage_id)
        assert of_positive is not None
        assert all(n.score <= 0.5 * of_positive for n in done.negatives)


def test_a_margin_needs_one_retriever(guide: Index) -> None:
    pool = replace(index_pool(guide, None), retriever=None)
    with pytest.raises(RecipeError, match="--retriever"):
        mine(of_index(guide, "questions"), pool, Mining(margin=0.9))


def test_an_unknown_retriever_is_named(guide: Index) -> None:
    with pytest.raises(UnknownName, match="have: bm25"):
        index_pool(guide, "dense")


def test_candidates_are_the_first_hits_that_do_not_answer(guide: Index) -> None:
    pairs = [replace(p, split="held_out") for p in of_index(guide, "questions")]
    for done in candidates(pairs, index_pool(guide, None, reading("questions")), 4):
        ranks = [n.rank for n in done.negatives]
        assert ranks == sorted(ranks)
        assert len(ranks) <= 3
        assert max(ranks, default=0) <= 4


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    negative = Negative(plain_passage("n", "d2", "No.", title="T", section="S", question="?"), 7, 1.5)
    pairs = [pair("é", "d", negatives=(negative,)), pair("b", "e", split="held_out")]
    write_pairs(tmp_path / "pairs.jsonl", pairs)
    assert read_pairs(tmp_path / "pairs.jsonl") == pairs
    (tmp_path / "pairs.jsonl").write_text('{"query": "a"}\n', encoding="utf-8")
    with pytest.raises(DamagedFile, match="line 1"):
        read_pairs(tmp_path / "pairs.jsonl")
