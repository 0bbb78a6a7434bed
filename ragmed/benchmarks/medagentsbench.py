"""MedAgentsBench's hard sets: questions with options that most models answer wrongly.

Source: Tang et al. 2025, "MedAgentsBench: Benchmarking Thinking Models and Agent Frameworks for Complex Medical
Reasoning" (arXiv:2503.07459); https://github.com/gersteinlab/medagents-benchmark, ``data/<set>/test_hard.jsonl``: a
line per question with ``realidx``, ``question``, ``options`` (letter → text, two to ten of them), ``answer_idx`` (a
letter) and ``answer`` (its text). A question was taken where fewer than half of the tested models were right.
PubMedQA's questions hold their abstract; AfriMedQA's options are at times "n/a", and stay.

The name of a file in the recipe is its set: ``medqa``, ``mmlu-pro``. An object that is no question is skipped and
counted; a line that is no object is damage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.json_lines import objects
from ragmed.protocols import Benchmark
from ragmed.report import Report
from ragmed.types import Query, Question


@dataclass(frozen=True)
class MedAgentsBench:
    """The questions file by file in the order of their names. ``query_id`` is ``"<set>/<realidx>"``."""

    files: Mapping[str, Path]
    report: Report = field(default_factory=Report, compare=False, repr=False)

    @property
    def corpus(self) -> Mapping[str, Any] | None:
        return None

    def questions(self) -> Iterator[Question]:
        for name in sorted(self.files):
            seen: set[str] = set()
            for where, item in objects(self.files[name]):
                question = self._question(name, item, f"{name}: {where}")
                if question is None:
                    continue
                if question.query.query_id in seen:
                    self.report.skip("id given twice", f"{name}: {where}")
                    continue
                seen.add(question.query.query_id)
                yield question

    def search_query(self, question: Question) -> str:
        return question.query.text

    def _question(self, name: str, item: Mapping[str, Any], where: str) -> Question | None:
        item_id, text, given = item.get("realidx"), item.get("question"), item.get("options") or {}
        choice = item.get("answer_idx")
        options = {k: v for k, v in given.items() if isinstance(v, str)} if isinstance(given, dict) else {}
        if isinstance(item_id, bool) or not isinstance(item_id, int | str) or not str(item_id):
            self.report.skip("no id", where)
        elif not isinstance(text, str) or not text.strip():
            self.report.skip("no question", where)
        elif not options:
            self.report.skip("no options", where)
        elif not isinstance(choice, str) or choice not in options:
            self.report.skip("answer is none of the options", where)
        else:
            if len(options) < len(given):
                self.report.note("option without text left out", where)
            if item.get("answer", options[choice]) != options[choice]:
                self.report.note("answer's text is not its option's", where)
            return Question(query=Query(f"{name}/{item_id}", text.strip(), options), group=name, choice=choice)
        return None


COMPONENT: type[Benchmark] = MedAgentsBench
