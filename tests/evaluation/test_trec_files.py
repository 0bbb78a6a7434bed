"""TREC files: read as trec_eval reads them, written to read back the same, and what is wrong counted."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from ragmed.errors import DamagedFile
from ragmed.evaluation.measure_names import make_measures
from ragmed.evaluation.trec_files import read_qrels, read_run, results_of, write_qrels, write_run
from ragmed.report import Report
from ragmed.types import Hit, Query, Question

scores = st.floats(allow_nan=False, allow_infinity=False)
some_runs = st.dictionaries(
    st.sampled_from(["q1", "q2", "10"]),
    st.dictionaries(st.sampled_from([f"d{i}" for i in range(12)]), scores, min_size=1),
)


def file(folder: Path, text: str | bytes, name: str = "run.trec") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def reasons(report: Report) -> dict[str, list[str]]:
    tallies = report.skipped | report.notes
    return {reason: [where.rpartition("/")[2] for where in tally.examples] for reason, tally in tallies.items()}


def ids(run: dict[str, tuple[Hit, ...]], query_id: str = "q") -> list[str]:
    return [hit.passage_id for hit in run[query_id]]


def test_a_run_is_read(tmp_path: Path) -> None:
    report = Report()
    run = read_run(file(tmp_path, "q Q0 a 1 2.5 bm25\nq Q0 b 2 1e-3 bm25\nr\tQ0\tc\t1\t-7\tbm25\r\n"), report)
    assert run == {"q": (Hit("a", 2.5), Hit("b", 0.001)), "r": (Hit("c", -7.0),)}
    assert (report.n_read, report.n_kept, reasons(report)) == (3, 3, {})


def test_lines_are_ordered_by_score_then_by_id(tmp_path: Path) -> None:
    text = "q Q0 a 1 1 x\nq Q0 c 2 2 x\nq Q0 b 3 2 x\n"
    assert ids(read_run(file(tmp_path, text), Report())) == ["b", "c", "a"]


def test_trec_evals_own_rule_puts_the_higher_id_first(tmp_path: Path) -> None:
    text = "q Q0 a 1 1 x\nq Q0 c 2 2 x\nq Q0 b 3 2 x\nq Q0 B 3 2 x\nq Q0 é 3 2 x\n"
    assert ids(read_run(file(tmp_path, text), Report(), ties="trec_eval")) == ["é", "c", "b", "B", "a"]


def test_trec_eval_takes_scores_for_equal_that_differ_in_the_ninth_digit(tmp_path: Path) -> None:
    path = file(tmp_path, "q Q0 a 1 1.0000000001 x\nq Q0 b 2 1.0 x\n")
    assert ids(read_run(path, Report())) == ["a", "b"]
    assert ids(read_run(path, Report(), ties="trec_eval")) == ["b", "a"]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([f"d{i}" for i in range(12)] + ["D1", "é", "-", "~"]),
        st.sampled_from([0.5, 0.5000000001, 0.25, 1e300, 1e308, -2.0, 1e-300, 0.0, -0.0, 1 / 3]),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from([f"d{i}" for i in range(12)] + ["é", "~"]), st.integers(0, 3), min_size=1),
)
def test_a_run_with_ties_scores_as_trec_eval_scores_the_file(
    tmp_path_factory: pytest.TempPathFactory, run: dict[str, float], grades: dict[str, int]
) -> None:
    path = tmp_path_factory.mktemp("run") / "run.trec"
    write_run(path, {"q": tuple(Hit(*item) for item in run.items())}, "x")
    results = results_of(read_run(path, Report(), ties="trec_eval"))
    names = {"nDCG@5": "ndcg_cut_5", "AP": "map", "RR": "recip_rank", "P@1": "P_1"}
    expected = pytrec_eval.RelevanceEvaluator({"q": grades}, set(names.values())).evaluate({"q": run})["q"]
    for measure in make_measures(names, "test"):
        figures = measure.per_question([Question(Query("q", "…"), relevant=grades)], results)
        assert figures["q"] == pytest.approx(expected[names[measure.label]], abs=1e-12)


@settings(deadline=None)
@given(some_runs)
@pytest.mark.parametrize("name", ["run.trec", "run.trec.gz"])
def test_a_run_reads_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, name: str, run: dict[str, dict[str, float]]
) -> None:
    ordered = {
        query_id: tuple(Hit(*item) for item in sorted(hits.items(), key=lambda item: (-item[1], item[0])))
        for query_id, hits in run.items()
    }
    path, report = tmp_path_factory.mktemp("run") / name, Report()
    write_run(path, ordered, "ragmed")
    assert read_run(path, report) == ordered
    assert reasons(report) == {}


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = {"b": (Hit("d", 0.1),), "a": (Hit("e", 1 / 3), Hit("f", 1e-9))}
    for name in ("run.trec", "run.trec.gz"):
        path = tmp_path / name
        write_run(path, run, "ragmed")
        first = path.read_bytes()
        write_run(path, dict(reversed(run.items())), "ragmed")
        assert path.read_bytes() == first
    text = gzip.decompress(first).decode()
    assert text == "a Q0 e 1 0.3333333333333333 ragmed\na Q0 f 2 1e-09 ragmed\nb Q0 d 1 0.1 ragmed\n"
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["run.trec", "run.trec.gz"]


def test_white_space_in_an_id_is_written_so_that_columns_stay_columns(tmp_path: Path) -> None:
    path, report = tmp_path / "run.trec", Report()
    write_run(path, {"q 1": (Hit("notes/my file.pdf", 1.0), Hit("no\u00a0break", 0.5), Hit("", 0.1))}, "a tag", report)
    (tally,) = report.notes.values()
    assert (tally.n, tally.examples[:2]) == (4, ["'a tag'", "'q 1'"])
    found = read_run(path, Report())
    assert ids(found, "q%201") == ["notes/my%20file.pdf", "no\u00a0break", "%20"]


def test_an_id_with_a_lone_surrogate_is_written_all_the_same(tmp_path: Path) -> None:
    write_run(tmp_path / "run.trec", {"q": (Hit("a\ud800", 1.0), Hit("a\ud801", 0.5))}, "x")
    assert len(read_run(tmp_path / "run.trec", Report())["q"]) == 2


def test_every_kind_of_wrong_line_is_counted_with_its_place(tmp_path: Path) -> None:
    lines = [
        b"q Q0 a 1 9 x",
        b"",
        b"q Q0 b 2 nan x",
        b"q Q0 c 3 inf x",
        b"q Q0 d 4 -Infinity x",
        b"q Q0 e 5 high x",
        b"q Q0 f 6 1e999 x",
        b"q Q0 a 7 1 x",
        b"q Q0 g 8 1",
        b"q Q0 g 8 1 x y",
        b"q Q0 \xff 8 1 x",
        b"other Q0 a 1 1 x",
        b"q Q0 h one 0.5 x",
        b"   ",
    ]
    report = Report()
    path = file(tmp_path, b"\n".join(lines))
    assert read_run(path, report, query_ids=["q", "silent"]) == {"q": (Hit("a", 9.0), Hit("h", 0.5))}
    assert reasons(report) == {
        "blank line": ["run.trec:2", "run.trec:14"],
        "score that is not a finite number": [f"run.trec:{n}" for n in (3, 4, 5, 6, 7)],
        "document that the query has already": ["run.trec:8"],
        "line that has not 6 columns": ["run.trec:9", "run.trec:10"],
        "line that is not UTF-8": ["run.trec:11"],
        "line of a query that is not asked": ["run.trec:12"],
        "rank that is not a number": ["run.trec:13"],
        "query without a line in the run": ["silent"],
    }
    assert (report.n_kept, report.n_skipped) == (2, 10)


def test_of_a_document_listed_twice_the_first_line_holds(tmp_path: Path) -> None:
    assert read_run(file(tmp_path, "q Q0 a 1 2 x\nq Q0 a 2 5 x\n"), Report()) == {"q": (Hit("a", 2.0),)}


def test_a_rank_that_contradicts_the_score_is_noted_and_the_score_holds(tmp_path: Path) -> None:
    report = Report()
    run = read_run(file(tmp_path, "q Q0 a 1 1 x\nq Q0 b 2 2 x\nq Q0 c 3 0.5 x\n"), report)
    assert ids(run) == ["b", "a", "c"]
    assert reasons(report) == {"rank that contradicts the score": ["run.trec:1"]}


@pytest.mark.parametrize(
    "text",
    [
        "q Q0 a 1 2 x\nq Q0 b 2 2 x\nq Q0 c 3 1 x\n",
        "q Q0 a 2 2 x\nq Q0 b 1 2 x\nq Q0 c 3 1 x\n",
        "q Q0 a 0 2 x\nq Q0 b 1 1 x\n",
    ],
)
def test_ranks_among_equal_scores_contradict_nothing_nor_does_counting_from_nought(tmp_path: Path, text: str) -> None:
    report = Report()
    read_run(file(tmp_path, text), report)
    assert reasons(report) == {}


def test_ranks_that_are_all_the_same_are_noted(tmp_path: Path) -> None:
    report = Report()
    read_run(file(tmp_path, "q Q0 a 1 2 x\nq Q0 b 1 1 x\nq Q0 c 1 0.5 x\n"), report)
    assert report.notes["rank that contradicts the score"].n == 2


def test_an_empty_file_is_an_empty_run(tmp_path: Path) -> None:
    report = Report()
    assert read_run(file(tmp_path, ""), report, query_ids=["q"]) == {}
    assert reasons(report) == {"query without a line in the run": ["q"]}


@pytest.mark.parametrize("text", ["q 0 a 1\n", '{"q": "a"}\n', "<html>\n<body>\n"])
def test_another_file_is_no_run(tmp_path: Path, text: str) -> None:
    with pytest.raises(DamagedFile, match=r"run\.trec: no line has the 6 columns of a TREC run file"):
        read_run(file(tmp_path, text), Report())


def test_a_broken_archive_is_damage(tmp_path: Path) -> None:
    whole = gzip.compress(b"".join(b"q Q0 d%d 1 %d x\n" % (i, i) for i in range(9999)))
    for content in (whole[: len(whole) // 2], b"q Q0 a 1 1 x\n", whole[:400] + b"\0\0\0" + whole[403:]):
        with pytest.raises(DamagedFile, match=r"run\.gz:\d+: cannot be read further"):
            read_run(file(tmp_path, content, "run.gz"), Report())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"none\.trec"):
        read_run(tmp_path / "none.trec", Report())


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"run\.trec:2: a line of more than 1,000,000 bytes"):
        read_run(file(tmp_path, "q Q0 a 1 1 x\n" + "y" * 2_000_000), Report())


def test_a_byte_order_mark_is_not_part_of_the_first_query(tmp_path: Path) -> None:
    assert list(read_run(file(tmp_path, "\ufeffq Q0 a 1 1 x\n"), Report())) == ["q"]


def test_qrels_are_read_and_written(tmp_path: Path) -> None:
    qrels = {"q1": {"b": 2, "a": 0, "c": -1}, "q2": {"a": 1}}
    for name in ("qrels.txt", "qrels.txt.gz"):
        write_qrels(tmp_path / name, qrels)
        report = Report()
        assert read_qrels(tmp_path / name, report) == qrels
        assert (report.n_kept, reasons(report)) == (6 - 2, {})
    assert (tmp_path / "qrels.txt").read_text() == "q1 0 b 2\nq1 0 a 0\nq1 0 c -1\nq2 0 a 1\n"


def test_every_kind_of_wrong_judgement_is_counted_with_its_place(tmp_path: Path) -> None:
    text = "q 0 a 1\nq 0 a 1\nq 0 a 2\nq 0 b 1.5\nq 0 c yes\nq 0 d\nz 0 a 1\nr 0 a ²\nq 0 f 99999999999\n\n"
    report = Report()
    assert read_qrels(file(tmp_path, text, "qrels"), report, query_ids=["q", "r"]) == {"q": {"a": 1}}
    assert reasons(report) == {
        "document judged twice": ["qrels:2"],
        "document judged twice, with two grades": ["qrels:3"],
        "grade that is not a whole number": ["qrels:4", "qrels:5", "qrels:8", "qrels:9"],
        "line that has not 4 columns": ["qrels:6"],
        "line of a query that is not asked": ["qrels:7"],
        "blank line": ["qrels:10"],
        "query without judgements": ["r"],
    }
