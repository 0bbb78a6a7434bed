"""What became of the items of a source: how many were read, kept, skipped or repaired, and why.

A builder notes what it leaves out (`Report.skip`) and what it keeps with a remark (`Report.note`); whoever
reads the documents counts those kept. So ``n_read == n_kept + n_skipped`` always: nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

N_EXAMPLES = 5
"""Places kept for each reason."""


@dataclass
class Tally:
    """How often, and the first few places where."""

    n: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, where: str, n: int = 1) -> None:
        self.n += n
        if where and len(self.examples) < N_EXAMPLES:
            self.examples.append(where)


@dataclass
class Report:
    """Counts with reasons. ``skipped`` and ``notes`` map a reason to its `Tally`.

    >>> report = Report()
    >>> report.skip("no abstract", "PMID:1")
    >>> report.keep()
    >>> report.n_read, report.n_kept, report.skipped["no abstract"].examples
    (2, 1, ['PMID:1'])
    """

    n_kept: int = 0
    skipped: dict[str, Tally] = field(default_factory=dict)
    notes: dict[str, Tally] = field(default_factory=dict)

    @property
    def n_skipped(self) -> int:
        return sum(tally.n for tally in self.skipped.values())

    @property
    def n_read(self) -> int:
        return self.n_kept + self.n_skipped

    def keep(self, n: int = 1) -> None:
        """Count items that were kept."""
        self.n_kept += n

    def skip(self, reason: str, where: str = "", n: int = 1) -> None:
        """Count items that were left out. ``reason`` is one of few, in words; ``where`` names the item."""
        self.skipped.setdefault(reason, Tally()).add(where, n)

    def note(self, reason: str, where: str = "", n: int = 1) -> None:
        """Count items that were kept though something is wrong or unusual with them."""
        self.notes.setdefault(reason, Tally()).add(where, n)

    def add(self, other: Report) -> None:
        """Count another report's items in."""
        self.n_kept += other.n_kept
        for mine, theirs in ((self.skipped, other.skipped), (self.notes, other.notes)):
            for reason, tally in theirs.items():
                total = mine.setdefault(reason, Tally())
                total.n += tally.n
                total.examples = (total.examples + tally.examples)[:N_EXAMPLES]

    def table(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "n_read": self.n_read,
            "n_kept": self.n_kept,
            "skipped": {reason: {"n": tally.n, "examples": tally.examples} for reason, tally in self.skipped.items()},
            "notes": {reason: {"n": tally.n, "examples": tally.examples} for reason, tally in self.notes.items()},
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Report:
        """The report that `table` was made from."""
        report = cls(n_kept=int(table["n_kept"]))
        for tallies, key in ((report.skipped, "skipped"), (report.notes, "notes")):
            for reason, tally in table[key].items():
                tallies[reason] = Tally(int(tally["n"]), list(tally["examples"]))
        return report
