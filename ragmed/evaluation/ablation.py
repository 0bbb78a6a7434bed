"""What a part of the pipeline is worth: a system that has it is asked once more without it, on the same questions.

The parts are

- ``graph``, all that uses the knowledge graph: retrievers are not searched, rewriters and rerankers are left out, a
  fusion or a method is replaced by what its class names as ``without_graph``, the table of another component, or else
  by what recipes have where they name none (``adaptive``, ``retrieve_then_read``; a method's ``k`` stays as it is);
- ``queries``, the rewriters; ``rerankers``; and any retriever by its name, unless it is called as one of these.

Differences are with less without, over the questions to which a measure applies: positive means that the part raised
the figure. Of the graph they are told of the questions with a linked disease or drug, too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from ragmed import catalog
from ragmed.errors import RecipeError, UnknownName
from ragmed.evaluation.statistics import holm, mean, paired_bootstrap, paired_randomisation
from ragmed.evaluation.systems import Prepared, Setting
from ragmed.graph.linking import linker_of
from ragmed.index.graphs import open_graph
from ragmed.index.layout import graph_of, make_component
from ragmed.index.open import Index
from ragmed.recipe import EvaluationRecipe
from ragmed.types import Question

GRAPH, QUERIES, RERANKERS = "graph", "queries", "rerankers"
_PARTS: Mapping[str, str] = {GRAPH: "uses a knowledge graph", QUERIES: "has rewriters", RERANKERS: "has rerankers"}
"""Part → what a system does that has it."""
_LINKED, _LINKED_KINDS = "linked", ("disease", "drug")
"""The subset of questions that is told of for the graph: those with linked nodes of these kinds."""
_STAND_INS: Mapping[str, str] = {"fusion": "adaptive", "methods": "retrieve_then_read"}
"""Family → what stands in where a component names nothing."""

Figures = Mapping[str, Mapping[str, float]]
"""Measure → query_id → figure."""


def without_parts(setting: Setting, systems: Sequence[Prepared], parts: Collection[str] | None) -> list[Prepared]:
    """Each system without each part that it has: the graph, and those named; with ``parts`` None, nothing.

    Raises:
        UnknownName: no such part. RecipeError: no system has a part that is named, and could do without it.
    """
    if parts is None:
        return []
    for part in parts:
        if part not in _PARTS and part not in setting.index.retriever_names:
            raise UnknownName("parts of the pipeline", part, {*_PARTS, *setting.index.retriever_names})
    made = []
    for part in dict.fromkeys([GRAPH, *parts]):
        twins = [twin for system in systems if (twin := _without(setting, system, part)) is not None]
        if part in parts and not twins:
            has = _PARTS.get(part, f"searches with {part} and others")
            raise RecipeError(f"{setting.recipe.path}: nothing to ablate: no system {has}")
        made += twins
    names = [system.name for system in systems]
    for twin in made:
        if twin.name in names:
            raise RecipeError(f"{setting.recipe.path}: the name {twin.name} is taken by a system; rename that")
    return made


def _without(setting: Setting, whole: Prepared, part: str) -> Prepared | None:
    """The system without the part; None where it does not have it, or would have nothing left to search with."""
    pipeline = whole.pipeline
    if part == GRAPH:
        rest = _without_graph(setting, whole)
    elif part == QUERIES:
        rest = replace(whole, pipeline=replace(pipeline, rewriters=()), left_out=_told("rewriter", pipeline.rewriters))
    elif part == RERANKERS:
        rest = replace(whole, pipeline=replace(pipeline, rerankers=()), left_out=_told("reranker", pipeline.rerankers))
    else:
        rest = _without_retrievers(setting.index, whole, frozenset([part]))
    if rest is None or not rest.left_out:
        return None
    return replace(rest, name=f"{whole.name}-without-{part}", without=part)


def _without_retrievers(index: Index, whole: Prepared, retrievers: frozenset[str]) -> Prepared | None:
    """The system without those retrievers that it searches with."""
    alone = whole.system.retriever
    searched = {alone} if alone else set(index.retriever_names)
    out = retrievers & searched
    if out == searched:
        return None
    left_out = tuple(f"retriever {name}" for name in sorted(out))
    return replace(whole, pipeline=replace(whole.pipeline, without=out), left_out=left_out)


def _without_graph(setting: Setting, whole: Prepared) -> Prepared | None:
    rest = _without_retrievers(setting.index, whole, setting.index.graph_retrievers)
    if rest is None:
        return None
    pipeline, left_out = rest.pipeline, list(rest.left_out)
    for what, components in (("rewriter", pipeline.rewriters), ("reranker", pipeline.rerankers)):
        left_out += _told(what, [component for component in components if graph_of(component) is not None])
    fusion, method = pipeline.fusion, rest.method
    is_fused = not rest.system.retriever and len(setting.index.retriever_names) - len(pipeline.without) > 1
    if is_fused and graph_of(fusion) is not None:
        fusion, told = _stand_in(setting, "fusion", fusion)
        left_out.append(told)
    if setting.recipe.answers and graph_of(method) is not None:
        method, told = _stand_in(setting, "methods", method)
        left_out.append(told)
    pipeline = replace(
        pipeline,
        fusion=fusion,
        rewriters=tuple(rewriter for rewriter in pipeline.rewriters if graph_of(rewriter) is None),
        rerankers=tuple(reranker for reranker in pipeline.rerankers if graph_of(reranker) is None),
    )
    return replace(rest, pipeline=pipeline, method=method, left_out=tuple(left_out))


def _stand_in(setting: Setting, family: str, component: Any) -> tuple[Any, str]:
    """What takes a component's place where there is no graph, and both of them in words."""
    table = dict(getattr(component, "without_graph", None) or {"name": _STAND_INS[family]})
    declared = {field.name for field in fields(catalog.load(family, str(table["name"])))}
    if "k" in declared and hasattr(component, "k"):
        table = {"k": component.k} | table
    where = f"{type(component).__name__}.without_graph"
    made = make_component(family, table, where, setting.index.recipe)
    if graph_of(made) is not None:
        raise RecipeError(f"{where}: {table['name']} uses the graph too; name a component that uses none")
    return made, f"{family.removesuffix('s')} {type(component).__name__} ({table['name']} instead)"


def _told(what: str, components: Sequence[object]) -> tuple[str, ...]:
    return tuple(f"{what} {type(component).__name__}" for component in components)


def effects(
    setting: Setting,
    twins: Sequence[Prepared],
    figures: Mapping[str, Figures],
    questions: Sequence[Question],
) -> list[dict[str, Any]]:
    """What the parts did, a table for each system without one, as JSON values.

    Args:
        figures: of every system, by its name.

    ``subset`` is empty for all questions, or ``linked`` (`ragmed.evaluation.wording.SUBSETS`). ``p`` is that
    of the paired randomisation test, ``p_holm`` corrected by Holm's method over all rows of all tables.
    """
    linked = with_linked(questions, setting.index) if without_graph(twins) else frozenset()
    group_of = {question.query.query_id: question.group for question in questions}
    tables: list[dict[str, Any]] = []
    for twin in twins:
        whole, rest = figures[twin.system.name], figures[twin.name]
        subsets = {"": frozenset(group_of), _LINKED: linked if twin.without == GRAPH else frozenset()}
        rows = [
            {"measure": measure, "subset": subset}
            | _effect(whole[measure], rest[measure], ids, group_of, setting.recipe)
            for measure in whole
            for subset, asked in subsets.items()
            if (ids := [query_id for query_id in whole[measure] if query_id in rest[measure] and query_id in asked])
        ]
        tables.append(
            {
                "part": twin.without,
                "system": twin.system.name,
                "without": twin.name,
                "left_out": list(twin.left_out),
                "rows": rows,
            }
        )
    every = [row for table in tables for row in table["rows"]]
    for row, p in zip(every, holm([row["p"] for row in every]), strict=True):
        row["p_holm"] = p
    return tables


def _effect(
    whole: Mapping[str, float],
    rest: Mapping[str, float],
    ids: Sequence[str],
    group_of: Mapping[str, str],
    recipe: EvaluationRecipe,
) -> dict[str, Any]:
    first, second = [whole[query_id] for query_id in ids], [rest[query_id] for query_id in ids]
    groups = [group_of[query_id] for query_id in ids] if recipe.macro else None
    difference, low, high = paired_bootstrap(first, second, groups=groups, seed=recipe.seed)
    return {
        "n": len(ids),
        "with": mean(first, groups),
        "without": mean(second, groups),
        "difference": difference,
        "low": low,
        "high": high,
        "p": paired_randomisation(first, second, groups=groups, seed=recipe.seed),
    }


def without_graph(twins: Sequence[Prepared]) -> bool:
    """Whether one of these systems would use a graph."""
    return any(twin.without == GRAPH for twin in twins)


def with_linked(questions: Sequence[Question], index: Index) -> frozenset[str]:
    """Ids of the questions in whose words the index's graph has a disease or a drug, or passages give another name.

    Raises: as `ragmed.index.graphs.open_graph`.
    """
    graph = open_graph(index.recipe.graph or "default")
    mentions = linker_of(graph).link_all(question.query.text for question in questions)
    return frozenset(
        question.query.query_id
        for question, linked in zip(questions, mentions, strict=True)
        if any(graph.kind(mention.rows[0]) in _LINKED_KINDS for mention in linked)
        or index.searcher.reworded(question.query).rewordings
    )
