"""The file that remembers which passages were read and what was found in each, so that none is read twice.

JSON lines. The first says with what was read; each other one is a passage: its id, a digest of its text, its document
and date, the statements found, the nodes that the graph does not have, and what its sentences name. A passage whose
text has changed is read again, and its last line counts. A line that was cut while it was written is dropped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ragmed.errors import DamagedFile, RecipeError
from ragmed.graph.extraction import Reading
from ragmed.types import Edge, Node, Passage

_FORMAT = 1


class Ledger:
    """The readings that a file holds; those added are in it at once.

    Args:
        path: the file; made where it is not there.
        made_with: what else readings depend on, as the graph and the generator: JSON values.

    Raises:
        RecipeError: the file was made with something else. DamagedFile: it is no such file, or damaged.
    """

    def __init__(self, path: Path, made_with: Mapping[str, Any]) -> None:
        self.path = path
        self._readings: dict[str, tuple[str, Reading]] = {}
        head = {"format": _FORMAT, "made_with": dict(made_with)}
        whole = 0
        if path.exists():
            whole = self._read(head)
        if not whole:
            path.write_bytes(_line(head))
        elif whole < path.stat().st_size:
            with path.open("r+b") as file:
                file.truncate(whole)

    def __len__(self) -> int:
        return len(self._readings)

    def holds(self, passage: Passage) -> bool:
        """Whether a passage was read, with the text it has now."""
        found = self._readings.get(passage.passage_id)
        return found is not None and found[0] == _digest(passage)

    def add(self, passage: Passage, reading: Reading) -> None:
        """Write down what was found in a passage."""
        digest = _digest(passage)
        with self.path.open("ab") as file:
            file.write(_line({"digest": digest, **asdict(reading)}))
        self._readings[passage.passage_id] = (digest, reading)

    def readings(self) -> Iterator[Reading]:
        """Every passage's, in the order of their ids."""
        return (self._readings[passage_id][1] for passage_id in sorted(self._readings))

    def _read(self, head: Mapping[str, Any]) -> int:
        """Take in the lines; return how many bytes are whole lines."""
        whole = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                where = f"{self.path}, line {number:,}"
                table = _table(line, where)
                if number == 1:
                    if "made_with" not in table:
                        raise DamagedFile(f"{where}: not a file of passages read; name another, or move it away")
                    if table != head:
                        raise RecipeError(
                            f"{self.path}: was made with another graph or generator, or by another version; "
                            "write to another file, or begin anew with --restart"
                        )
                else:
                    digest, reading = _reading(table, where)
                    self._readings[reading.passage_id] = (digest, reading)
                whole += len(line)
        return whole


def _line(table: Mapping[str, Any]) -> bytes:
    return (json.dumps(table, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _table(line: bytes, where: str) -> dict[str, Any]:
    try:
        table = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{where}: not JSON; remove the line, or begin anew with --restart") from error
    if not isinstance(table, dict):
        raise DamagedFile(f"{where}: not a JSON object; remove the line, or begin anew with --restart")
    return table


def _reading(table: Mapping[str, Any], where: str) -> tuple[str, Reading]:
    try:
        return str(table["digest"]), Reading(
            table["passage_id"],
            table["doc_id"],
            table["published"],
            tuple(Edge(**{**edge, "evidence": tuple(edge["evidence"])}) for edge in table["statements"]),
            tuple(Node(**{**node, "names": (), "same_as": ()}) for node in table["nodes"]),
            tuple((tuple(ids), quote) for ids, quote in table["named"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"{where}: not a passage that was read; begin anew with --restart") from error


def _digest(passage: Passage) -> str:
    return hashlib.sha256(f"{passage.published}\n{passage.text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
