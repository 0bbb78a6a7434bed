"""MIRAGE: 7,663 medical questions with options, from five sets.

Source: Xiong et al. 2024, "Benchmarking Retrieval-Augmented Generation for Medicine" (Findings of ACL,
arXiv:2402.13178); https://github.com/Teddy-XiongGZ/MIRAGE, ``benchmark.json``: set → id → ``question``, ``options``
(letter → text), ``answer`` (a letter) and, for two sets, ``PMID``. MMLU's six biomedical subjects 1,089, MedQA-US
1,273, MedMCQA's development set 4,183, PubMedQA* 500 (without their abstracts; A yes, B no, C maybe), BioASQ-Y/N
618 (A yes, B no). Zero-shot; retrieval sees the question and never its options; the figure is the unweighted mean of
the sets' accuracies.

An item that is no question is skipped and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question

SETS = ("mmlu", "medqa", "medmcqa", "pubmedqa", "bioasq")
SPLITS = {"medmcqa": "dev"}
"""The split a set was taken from, where it is not the test split: predictions' file names begin with it."""


@dataclass(frozen=True)
class MIRAGE:
    """The questions set by set, then by id, as upstream's script takes them. ``sets`` chooses among `SETS`.

    ``query_id`` is ``"<set>/<id>"``, ``group`` the set. ``meta`` holds ``split`` and, where given, ``pmids``.
    """

    files: Mapping[str, Path]
    sets: tuple[str, ...] = SETS
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        path = self.files["benchmark"]
        table = self._table(path)
        for name in self.sets:
            items = table.get(name)
            if not isinstance(items, dict):
                raise DamagedFile(f"{path}: holds no set {name!r}; has: {', '.join(map(str, table)) or 'nothing'}")
            for item_id in sorted(items):
                question = self._question(name, item_id, items[item_id])
                if question is not None:
                    yield question

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _table(self, path: Path) -> dict[str, Any]:
        try:
            table = json.loads(path.read_bytes(), object_pairs_hook=self._once)
        except json.JSONDecodeError as error:
            raise DamagedFile(f"{path}: line {error.lineno}: not JSON ({error.msg}); fetch it again") from error
        except (ValueError, RecursionError, OSError) as error:
            raise DamagedFile(f"{path}: not MIRAGE's benchmark.json ({error}); fetch it again") from error
        if not isinstance(table, dict):
            raise DamagedFile(f"{path}: not MIRAGE's benchmark.json: sets of questions by id; fetch it again")
        return table

    def _once(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) < len(pairs):
            keys = [key for key, _ in pairs]
            for key in table:
                if keys.count(key) > 1:
                    self.report.note("key given twice; the last counts", key)
        return table

    def _question(self, name: str, item_id: str, item: Any) -> Question | None:
        where = f"{name}/{item_id}"
        if not isinstance(item, dict):
            self.report.skip("not an object", where)
            return None
        text, options, answer = item.get("question"), item.get("options"), item.get("answer")
        if not isinstance(text, str) or not text.strip():
            self.report.skip("no question", where)
        elif not isinstance(options, dict) or not all(isinstance(option, str) for option in options.values()):
            self.report.skip("no options", where)
        elif not isinstance(answer, str) or answer not in options:
            self.report.skip("answer is none of the options", where)
        else:
            return Question(
                query=Query(where, text, options),
                group=name,
                choice=answer,
                meta={"split": SPLITS.get(name, "test"), **_pmids(item.get("PMID"))},
            )
        return None


def _pmids(value: Any) -> dict[str, str]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    pmids = "; ".join(str(pmid) for pmid in given if isinstance(pmid, int | str))
    return {"pmids": pmids} if pmids else {}


COMPONENT: type[Benchmark] = MIRAGE
