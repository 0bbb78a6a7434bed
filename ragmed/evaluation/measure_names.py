"""Measures by their standard names: ``"nDCG@10"`` → ``{name = "ndcg", k = 10}``, as ir_measures writes them.

    name[(option=value, …)][@k]      nDCG@10   AP   P(rel=2)@5   ROUGE-L   EvidencePrecision(of=snippets)

Upper and lower case, hyphens and underscores make no difference, and a component's file name serves as well as the
measure's own. ``rel`` is the least grade that counts as relevant (``min_grade``).

Source: https://ir-measur.es/en/latest/measures.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ragmed import catalog
from ragmed.errors import RecipeError, UnknownName
from ragmed.measures._trec import TrecPasses
from ragmed.protocols import Measure

COMPONENTS = {
    "nDCG": "ndcg",
    "R": "recall",
    "P": "precision",
    "RR": "reciprocal_rank",
    "MRR": "reciprocal_rank",
    "AP": "average_precision",
    "MAP": "average_precision",
    "Rprec": "r_precision",
    "Success": "hit_rate",
    "Hits": "hit_rate",
}
"""Measures whose names are not their files' names."""
NEED_DEPTH = frozenset({"recall", "precision", "hit_rate"})

_NAME = re.compile(r"(?P<name>[A-Za-z][\w-]*)(?:\((?P<options>[^()]*)\))?(?:@(?P<k>\d{1,9}))?")
_OPTION = re.compile(r"\s*(?P<key>[A-Za-z_]\w*)\s*=\s*(?P<quote>['\"]?)(?P<value>[^'\"=]+?)(?P=quote)\s*")
_OPTIONS = {"rel": "min_grade"}


def measure_from_name(name: str) -> dict[str, Any]:
    """The recipe table that a measure's name stands for.

    Raises:
        UnknownName: no such measure (lists those there are).
        RecipeError: not a measure's name, or one that needs a depth and has none.

    >>> measure_from_name("nDCG@10"), measure_from_name("P(rel=2)@5")
    ({'name': 'ndcg', 'k': 10}, {'name': 'precision', 'min_grade': 2, 'k': 5})
    """
    match = _NAME.fullmatch(name.strip())
    if match is None:
        raise RecipeError(f"{name!r} is not a measure's name; write it as nDCG@10, P(rel=2)@5 or ROUGE-L")
    have = {_folded(file): file for file in catalog.files("measures")}
    known = have | {_folded(standard): file for standard, file in COMPONENTS.items()}
    component = known.get(_folded(match["name"]))
    if component is None:
        raise UnknownName("measures", match["name"], {*COMPONENTS, *have.values()})
    table: dict[str, Any] = {"name": component}
    for option in filter(str.strip, (match["options"] or "").split(",")):
        pair = _OPTION.fullmatch(option)
        if pair is None:
            raise RecipeError(f"{name!r}: {option.strip()!r} is not an option; write it as in P(rel=2)@5")
        table[_OPTIONS.get(pair["key"], pair["key"])] = pair["value"] if pair["quote"] else _value(pair["value"])
    if match["k"] is not None:
        table["k"] = int(match["k"])
    if component in NEED_DEPTH and "k" not in table:
        raise RecipeError(f"{name!r} needs a depth, as in {name}@10")
    return table


def make_measures(measures: Iterable[str | Mapping[str, Any]], where: str) -> list[Measure]:
    """The measures a recipe lists, by name or as tables; ranking measures of one depth share their evaluator's passes.

    ``where`` names file and table for error messages. Raises as `measure_from_name` and `ragmed.catalog.make`.
    """
    passes = TrecPasses()
    tables = [measure_from_name(measure) if isinstance(measure, str) else measure for measure in measures]
    return [catalog.make("measures", table, where, passes=passes) for table in tables]


def _folded(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def _value(text: str) -> str | int | float | bool:
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
