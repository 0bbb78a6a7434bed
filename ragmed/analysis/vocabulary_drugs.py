"""The concepts of lists of drugs that may be passed on.

- DrugBank Open Data, "DrugBank Vocabulary" (https://go.drugbank.com/releases/latest#open-data), CC0 1.0: a CSV file
  with the columns ``DrugBank ID``, ``Common name`` and ``Synonyms`` (separated by ``" | "``).
- PharmacotherapyDB 1.0, ``drugs.tsv`` (Himmelstein et al. 2016, doi:10.15363/thinklab.d182), CC0 1.0: the columns
  ``drugbank_id`` and ``drug``; names without synonyms.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from ragmed.analysis.vocabulary import Concept, is_short_form
from ragmed.errors import DamagedFile
from ragmed.types import Name


def drugs(path: Path) -> Iterator[Concept]:
    """The drugs of a file in either form, in its order. Raises `DamagedFile`."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        columns = set(rows.fieldnames or ())
        if columns >= {"DrugBank ID", "Common name", "Synonyms"}:
            identifier, name, synonyms = "DrugBank ID", "Common name", "Synonyms"
        elif columns >= {"drugbank_id", "drug"}:
            identifier, name, synonyms = "drugbank_id", "drug", ""
        else:
            raise DamagedFile(f"{path}: has neither DrugBank's columns nor PharmacotherapyDB's")
        for row in rows:
            others = (text.strip() for text in (row.get(synonyms) or "").split(" | "))
            names = [Name(text, "abbreviation" if is_short_form(text) else "synonym") for text in others if text]
            if row[identifier] and row[name]:
                yield Concept(f"DrugBank:{row[identifier]}", "drugs", "drug", (Name(row[name], "preferred"), *names))
