"""Scores of replies made elsewhere: MIRAGE's prediction folders, or JSON lines of id and choice or reply.

MIRAGE's layout (Xiong et al. 2024, https://github.com/Teddy-XiongGZ/MIRAGE)::

    prediction/<set>/cot/<llm>/<split>_<id>.json
    prediction/<set>/rag_<k>/<llm>/<corpus>/<retriever>/<split>_<id>.json

each a JSON list whose first string is the reply; the split is ``dev`` for MedMCQA and ``test`` for the others. What
stands between set and file is the *system*. Any folder of it may be given, from ``prediction`` down to a single
system's; where it holds several systems, each is scored.

JSON lines: ``id`` (``"anatomy-000"`` or ``"mmlu/anatomy-000"``) with ``choice``, ``reply``, or both. Strict scores look
at ``choice`` first, legacy ones at ``reply``. Of two lines for one question the first counts, and the second is
counted as doubled.

**Strict** accuracy divides by all questions; missing, empty, malformed, abstained and unparsed predictions are wrong.
The macro mean is over all sets that the questions have, a set without predictions counting 0.

**Legacy** accuracy is what MIRAGE's script prints (`ragmed.answers.choices.legacy_choice`), its std √(p(1−p)/n), its
average over the sets that were begun. The script stops with an error at the first file that is missing or holds
something else than a list that begins with a string; here such a file counts as wrong, as the script counts an empty
list, and ``n_script_stops`` tells how many there are: where it is not 0, the script prints nothing for the set.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ragmed.answers.choices import ParsedChoice, legacy_choice, legacy_match, parse_choice, read_choice
from ragmed.errors import MissingFile
from ragmed.json_lines import readable_objects, text_of
from ragmed.report import Report
from ragmed.types import Question, Result

MAX_FILE_BYTES = 10_000_000
"""Larger predictions are not read."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a system said to one question.

    ``replies`` are the strings of its list; ``choice`` is set where a line names one. ``malformed`` says why a file
    could not be read, ``doubled`` how many more predictions there are for the question, ``is_text`` that a file holds
    its reply outside a list: the script then reads the first character alone.
    """

    replies: tuple[str, ...] = ()
    choice: str | None = None
    malformed: str = ""
    doubled: int = 0
    is_text: bool = False

    @property
    def reply(self) -> str:
        """The reply that counts."""
        return self.replies[0] if self.replies else ""

    @property
    def is_empty(self) -> bool:
        return not self.malformed and not self.reply.strip() and not (self.choice or "").strip()


@dataclass(frozen=True, slots=True)
class SetScores:
    """The scores of one set. ``n_several`` counts predictions whose list holds more than the one reply that counts;
    ``n_legacy_by_default`` those that the script takes for "A" since it cannot read them, ``…_right`` the lucky ones.
    """

    n_questions: int = 0
    n_answered: int = 0
    n_abstained: int = 0
    n_unparsed: int = 0
    n_missing: int = 0
    n_empty: int = 0
    n_malformed: int = 0
    n_doubled: int = 0
    n_several: int = 0
    n_right: int = 0
    n_legacy_right: int = 0
    n_legacy_by_default: int = 0
    n_legacy_by_default_right: int = 0
    n_script_stops: int = 0

    @property
    def accuracy(self) -> float:
        return self.n_right / self.n_questions if self.n_questions else 0.0

    @property
    def legacy_accuracy(self) -> float:
        return self.n_legacy_right / self.n_questions if self.n_questions else 0.0

    @property
    def is_begun(self) -> bool:
        return self.n_missing < self.n_questions

    def table(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "accuracy": self.accuracy,
            "std": _std(self.accuracy, self.n_questions),
            "legacy_accuracy": self.legacy_accuracy,
            "legacy_std": _std(self.legacy_accuracy, self.n_questions),
            **asdict(self),
        }


@dataclass(frozen=True, slots=True)
class SystemScores:
    """The scores of one system, set by set. ``choices`` maps each question to what was read of its reply, strictly."""

    sets: Mapping[str, SetScores]
    choices: Mapping[str, ParsedChoice] = field(default_factory=dict)

    @property
    def macro_accuracy(self) -> float:
        return _mean([scores.accuracy for scores in self.sets.values()])

    @property
    def macro_legacy_accuracy(self) -> float:
        return _mean([scores.legacy_accuracy for scores in self.sets.values() if scores.is_begun])

    def table(self) -> dict[str, Any]:
        """Everything but the single choices as JSON values."""
        return {
            "macro_accuracy": self.macro_accuracy,
            "macro_legacy_accuracy": self.macro_legacy_accuracy,
            "n_questions": sum(scores.n_questions for scores in self.sets.values()),
            "n_script_stops": sum(scores.n_script_stops for scores in self.sets.values() if scores.is_begun),
            "not_begun": [name for name, scores in self.sets.items() if not scores.is_begun],
            "sets": {name: scores.table() for name, scores in self.sets.items()},
        }


@dataclass(frozen=True, slots=True)
class PredictionScores:
    """The scores of every system found, by its name (empty where the folder names none), and what was left out."""

    systems: Mapping[str, SystemScores]
    report: Report

    def table(self) -> dict[str, Any]:
        """As JSON values: of one system its `SystemScores.table` with its name, of several one for each."""
        if len(self.systems) == 1:
            [(name, scores)] = self.systems.items()
            return {"system": name, **scores.table(), "report": self.report.table()}
        tables = {name: scores.table() for name, scores in self.systems.items()}
        return {"systems": tables, "report": self.report.table()}


def score_predictions(questions: Iterable[Question], folder_or_file: Path, report: Report) -> PredictionScores:
    """Score all predictions below a folder, or of a file of JSON lines, against the questions.

    What is no prediction for one of the questions is counted in ``report`` as skipped, with its file (and line).

    Raises:
        MissingFile: there is no such folder or file. DamagedFile: no gzip, or a pointer to a file elsewhere.
    """
    asked = list(questions)
    found = read_predictions(asked, folder_or_file, report)
    return PredictionScores({name: _score(asked, given, name) for name, given in (found or {"": {}}).items()}, report)


def read_predictions(
    questions: Sequence[Question], folder_or_file: Path, report: Report
) -> dict[str, dict[str, Prediction]]:
    """System → query id → prediction. Raises as `score_predictions`."""
    if folder_or_file.is_dir():
        return _of_folder(questions, folder_or_file, report)
    if folder_or_file.is_file():
        return {"": _of_lines(questions, folder_or_file, report)}
    raise MissingFile(f"{folder_or_file}: no such folder or file of predictions")


def results_of(predictions: Mapping[str, Prediction]) -> dict[str, Result]:
    """Predictions as results, for measures; what is malformed has none."""
    return {
        query_id: Result(query_id, reply=_as_reply(prediction))
        for query_id, prediction in predictions.items()
        if not prediction.malformed
    }


def _score(questions: Sequence[Question], given: Mapping[str, Prediction], system: str) -> SystemScores:
    counts: dict[str, dict[str, int]] = {}
    choices: dict[str, ParsedChoice] = {}
    for question in questions:
        prediction = given.get(question.query.query_id)
        parsed = _strict(question, prediction)
        choices[question.query.query_id] = parsed
        of_set = counts.setdefault(question.group, {})
        for name in _counts(question, prediction, parsed, system):
            of_set[name] = of_set.get(name, 0) + 1
        if prediction is not None and prediction.doubled:
            of_set["n_doubled"] = of_set.get("n_doubled", 0) + prediction.doubled
    return SystemScores({name: SetScores(**of_set) for name, of_set in counts.items()}, choices)


def _counts(question: Question, prediction: Prediction | None, parsed: ParsedChoice, system: str) -> Iterator[str]:
    """The counts to which a question adds one."""
    yield "n_questions"
    right = read_choice(question.choice, question.query.options)
    if prediction is None:
        yield "n_missing"
        yield "n_script_stops"
        return
    if prediction.malformed:
        yield "n_malformed"
        yield "n_script_stops"
        return
    if len(prediction.replies) > 1:
        yield "n_several"
    if prediction.is_empty:
        yield "n_empty"
    elif parsed.outcome == "answered":
        yield "n_answered"
        if right and parsed.choice == right:
            yield "n_right"
    else:
        yield "n_abstained" if parsed.outcome == "abstained" else "n_unparsed"
    replies = _legacy_replies(prediction)
    legacy = legacy_choice(replies, system)
    if legacy is not None and legacy == question.choice:
        yield "n_legacy_right"
    if replies and not legacy_match(replies[0], system):
        yield "n_legacy_by_default"
        if legacy == question.choice:
            yield "n_legacy_by_default_right"


def _legacy_replies(prediction: Prediction) -> Sequence[str]:
    """The list as the script sees it."""
    if prediction.is_text:
        return list(prediction.reply)
    return prediction.replies or ([] if prediction.choice is None else [prediction.choice])


def _strict(question: Question, prediction: Prediction | None) -> ParsedChoice:
    if prediction is None or prediction.malformed:
        return ParsedChoice("failed")
    if prediction.choice is not None and prediction.choice.strip():
        # parsed like a reply, so that an explicit "I don't know" is told from what cannot be read
        choice = read_choice(prediction.choice, question.query.options)
        return ParsedChoice("answered", choice, "line") if choice else _not_answered(question, prediction.choice)
    return parse_choice(prediction.reply, question.query.options)


def _not_answered(question: Question, choice: str) -> ParsedChoice:
    parsed = parse_choice(choice, question.query.options)
    return parsed if parsed.outcome == "abstained" else ParsedChoice("unparsed")


def _as_reply(prediction: Prediction) -> str:
    return prediction.choice if prediction.choice is not None and prediction.choice.strip() else prediction.reply


# MIRAGE's folders ---------------------------------------------------------------------------------------------------


def _of_folder(questions: Sequence[Question], folder: Path, report: Report) -> dict[str, dict[str, Prediction]]:
    groups = {question.group for question in questions if question.group}
    wanted = {
        (question.group, f"{question.meta.get('split', 'test')}_{_bare_id(question)}.json"): question.query.query_id
        for question in questions
    }
    by_name = _unique({name: query_id for (_, name), query_id in wanted.items()}, [name for _, name in wanted])
    own_parts = folder.resolve().parts
    found: dict[str, dict[str, Prediction]] = {}
    for path in _json_files(folder):
        parts = path.relative_to(folder).parts
        group, system = _group_and_system(parts[:-1], own_parts, groups)
        query_id = wanted.get((group, parts[-1])) if group else by_name.get(parts[-1])
        if query_id is None:
            report.skip("file of no question", str(path))
            continue
        prediction = _read_file(path)
        if prediction.malformed:
            report.skip(prediction.malformed, str(path))
        else:
            report.keep()
            if prediction.is_text:
                report.note("reply outside a list", str(path))
            if len(prediction.replies) > 1:
                report.note("several replies in a file; the first counts", str(path))
        found.setdefault(system, {})[query_id] = prediction
    return dict(sorted(found.items()))


def _json_files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith(".json"):
                yield Path(where, name)


def _group_and_system(parts: tuple[str, ...], own_parts: tuple[str, ...], groups: set[str]) -> tuple[str, str]:
    """The set a file belongs to and the system that made it, by the folders it lies in."""
    for i, part in enumerate(parts):
        if part in groups:
            return part, "/".join((*parts[:i], *parts[i + 1 :]))
    for i in range(len(own_parts) - 1, -1, -1):
        if own_parts[i] in groups:
            return own_parts[i], "/".join((*own_parts[i + 1 :], *parts))
    return "", "/".join(parts)


def _read_file(path: Path) -> Prediction:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            return Prediction(malformed="file too large")
        value = json.loads(path.read_bytes())
    except OSError:
        return Prediction(malformed="file that cannot be read")
    except (ValueError, RecursionError):
        return Prediction(malformed="not JSON")
    if isinstance(value, list) and not value:
        return Prediction()
    if isinstance(value, list) and isinstance(value[0], str):
        return Prediction(replies=tuple(item if isinstance(item, str) else "" for item in value))
    if isinstance(value, str):
        return Prediction(replies=(value,), is_text=True)
    return Prediction(malformed="not a list of replies")


# JSON lines ---------------------------------------------------------------------------------------------------------


def _of_lines(questions: Sequence[Question], path: Path, report: Report) -> dict[str, Prediction]:
    known = {question.query.query_id: question.query.query_id for question in questions}
    bare = [_bare_id(question) for question in questions]
    known |= {
        name: query_id
        for name, query_id in _unique(dict(zip(bare, known, strict=True)), bare).items()
        if name not in known
    }
    found: dict[str, Prediction] = {}
    for where, row in readable_objects(path, report):
        item_id = text_of(row.get("id"))
        query_id = known.get(item_id)
        if query_id is None:
            report.skip("line of no question" if item_id else "line without id", where)
            continue
        prediction = _of_row(row)
        if prediction is None:
            report.skip("line without choice or reply", where)
            continue
        if query_id not in found:
            found[query_id] = prediction
            report.keep()
            continue
        first = found[query_id]
        same = (first.choice, first.replies) == (prediction.choice, prediction.replies)
        report.skip("doubled alike" if same else "doubled otherwise; the first counts", where)
        found[query_id] = Prediction(first.replies, first.choice, first.malformed, first.doubled + 1)
    return found


def _of_row(row: Mapping[str, Any]) -> Prediction | None:
    choice, reply = row.get("choice"), row.get("reply")
    if isinstance(reply, list):
        reply = reply[0] if reply else ""
    if ("choice" not in row and "reply" not in row) or not all(
        value is None or isinstance(value, str) for value in (choice, reply)
    ):
        return None
    return Prediction(() if reply is None else (reply,), choice)


def _bare_id(question: Question) -> str:
    return question.query.query_id.removeprefix(f"{question.group}/")


def _unique(table: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """The entries whose name occurs once among ``names``."""
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
    return {name: value for name, value in table.items() if seen[name] == 1}


def _std(share: float, n: int) -> float:
    return math.sqrt(share * (1 - share) / n) if n else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
