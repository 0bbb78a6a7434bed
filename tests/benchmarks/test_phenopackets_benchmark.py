"""Cases of the phenopacket store: findings in, disease out."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ragmed.benchmarks import phenopackets
from ragmed.benchmarks.phenopackets import Phenopackets
from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.types import Question


def feature(identifier: str, label: str, **more: Any) -> dict[str, Any]:
    return {"type": {"id": identifier, "label": label}, **more}


CASE = {
    "id": "PMID_1_A",
    "subject": {"id": "A", "sex": "FEMALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P6Y"}}},
    "phenotypicFeatures": [
        feature("HP:0001166", "Arachnodactyly"),
        feature("HP:0001083", "Ectopia lentis", onset={}),
        feature("HP:0002616", "Aortic root aneurysm"),
        feature("HP:0001250", "Seizure", excluded=True),
    ],
    "interpretations": [
        {"progressStatus": "SOLVED", "diagnosis": {"disease": {"id": "OMIM:154700", "label": "Marfan syndrome"}}}
    ],
    "diseases": [{"term": {"id": "OMIM:1", "label": "Another"}}],
    "metaData": {"externalReferences": [{"id": "PMID:1"}]},
}


def read(
    folder: Path, *cases: Any, min_observed: int = 3, max_per_disease: int = 0
) -> tuple[Phenopackets, list[Question]]:
    path = folder / "phenopackets.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i, case in enumerate(cases):
            archive.writestr(f"store/FBN1/{i}.json", case if isinstance(case, bytes) else json.dumps(case))
    benchmark = Phenopackets({"phenopackets": path}, min_observed=min_observed, max_per_disease=max_per_disease)
    return benchmark, list(benchmark.questions())


def test_a_case_asks_with_the_findings_observed(tmp_path: Path) -> None:
    benchmark, [question] = read(tmp_path, CASE)
    assert isinstance(benchmark, Benchmark)
    assert question.query.query_id == "PMID_1_A"
    assert question.query.text == "Arachnodactyly, Ectopia lentis, Aortic root aneurysm"
    assert question.relevant == {"OMIM:154700": 1}
    assert question.meta == {
        "observed": "HP:0001166; HP:0001083; HP:0002616",
        "excluded": "HP:0001250",
        "disease": "Marfan syndrome",
        "cohort": "FBN1",
        "sex": "female",
        "age": "P6Y",
        "pmid": "1",
    }


def test_the_disease_is_never_in_the_question(tmp_path: Path) -> None:
    benchmark, [question] = read(tmp_path, CASE)
    assert "Marfan" not in benchmark.search_query(question)


def test_without_a_solved_interpretation_the_diseases_count(tmp_path: Path) -> None:
    unsolved = [{"progressStatus": "IN_PROGRESS", "diagnosis": {"disease": {"id": "OMIM:2"}}}]
    ruled_out = {"term": {"id": "OMIM:3", "label": "Ruled out"}, "excluded": True}
    _, [question] = read(tmp_path, CASE | {"interpretations": unsolved, "diseases": [ruled_out, *CASE["diseases"]]})
    assert question.relevant == {"OMIM:1": 1}


def test_cases_with_few_findings_are_left_out_and_counted(tmp_path: Path) -> None:
    few = CASE | {"id": "few", "phenotypicFeatures": [feature("HP:1", "One"), feature("HP:1", "One"), {}]}
    benchmark, questions = read(tmp_path, CASE, few)
    assert [question.query.query_id for question in questions] == ["PMID_1_A"]
    assert benchmark.report.skipped["fewer findings observed than min_observed"].examples == ["store/FBN1/1.json"]
    assert len(read(tmp_path, CASE, few, min_observed=1)[1]) == 2


def test_of_a_disease_with_many_cases_the_first_count(tmp_path: Path) -> None:
    cases = [CASE | {"id": f"case {n}"} for n in range(4)]
    benchmark, questions = read(tmp_path, *cases, max_per_disease=2)
    assert [question.query.query_id for question in questions] == ["case 0", "case 1"]
    assert benchmark.report.skipped["further case of a disease, beyond max_per_disease"].n == 2


def test_a_bad_case_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phenopackets, "_MAX_BYTES", 5_000)
    undiagnosed = CASE | {"interpretations": [{}], "diseases": 7}
    benchmark, questions = read(tmp_path, b"{", b"[]", b" " * 6_000, undiagnosed, CASE, CASE)
    assert len(questions) == 1
    assert {reason: tally.n for reason, tally in benchmark.report.skipped.items()} == {
        "not a JSON object, or too large": 3,
        "no disease diagnosed": 1,
        "case given twice; the first counts": 1,
    }


def test_an_archive_without_cases_is_damage(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"holds no \.json file"):
        read(tmp_path)
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(DamagedFile, match="not a whole zip archive"):
        list(Phenopackets({"phenopackets": tmp_path / "broken.zip"}).questions())


@pytest.mark.mirror
@pytest.mark.parametrize(("min_observed", "n", "n_few"), [(3, 2693, 547), (1, 3240, 0)])
def test_the_development_split_has_3240_cases(mirror: Path, min_observed: int, n: int, n_few: int) -> None:
    files = {"phenopackets": mirror / "phenopackets" / "phenopackets_dev.zip"}
    benchmark = Phenopackets(files, min_observed=min_observed)
    questions = list(benchmark.questions())
    assert len(questions) == n
    assert all(len(question.relevant) == 1 for question in questions)
    assert all(doc_id.startswith("OMIM:") for question in questions for doc_id in question.relevant)
    assert sum(tally.n for tally in benchmark.report.skipped.values()) == n_few
    assert not benchmark.report.notes
