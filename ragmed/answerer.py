"""An index, a method and a generator, made once to answer any number of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any

from ragmed import __version__, catalog
from ragmed.analysis.wording import listed
from ragmed.answers.entailed import entailed
from ragmed.answers.json import to_json
from ragmed.answers.needed import needed
from ragmed.answers.notices import with_notices
from ragmed.errors import RecipeError
from ragmed.index.graphs import given_graph
from ragmed.index.layout import graph_of
from ragmed.index.open import Index
from ragmed.index.restriction import in_words
from ragmed.protocols import Entailer, Generator, Method, Retrieve
from ragmed.question_checks import check_query
from ragmed.types import Answer, Query, Restriction

_OF_NOTES = "map_reduce"
"""The method that reads notes, where none is named."""
_HOW_A_REPLY_IS_GOT = {
    "concurrency",
    "timeout_s",
    "connect_timeout_s",
    "n_retries",
    "backoff_s",
    "key_variable",
    "cache",
    "batch_size",
}
"""Options of generators that may be changed between two parts of one run."""


@dataclass(frozen=True, slots=True)
class Answerer:
    """An index, a method and a generator, made once for any number of questions, from any number of threads.

    ``notes_method`` answers questions that come with notes. ``settings`` are what answers depend on besides the
    question, as JSON values.
    """

    index: Index
    method: Method
    notes_method: Method
    generator: Generator
    entailer: Entailer | None
    restriction: Restriction | None
    settings: Mapping[str, Any]

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """An answer to each question, in order; they go through the method side by side.

        Raises:
            QuestionError: a question cannot be asked; none has been then.
            RecipeError: the method needs a language model and the generator is none.
            GeneratorError: the generator can answer nothing at all.
        """
        checked = [check_query(query) for query in queries]
        retrieve: Retrieve = partial(self.index.search, restriction=self.restriction)
        answers: dict[int, Answer] = {}
        for method, with_notes in ((self.method, False), (self.notes_method, True)):
            own = [n for n, query in enumerate(checked) if bool(query.notes) == with_notes]
            answered = method.answer([checked[n] for n in own], retrieve, self.generator) if own else []
            answers |= dict(zip(own, answered, strict=True))
        card = {**self.index.card(), **_graph_card(self.method)}
        return [replace(self._told(query, answers[n]), index_card=card) for n, query in enumerate(checked)]

    def _told(self, query: Query, answer: Answer) -> Answer:
        """The answer with what must be said beside it; one that abstains with what was searched, what it would take."""
        if self.entailer is not None:
            answer = entailed(answer, self.entailer)
        if answer.outcome == "abstained":
            was_searched = any(step.get("step") == "retrieve" for step in answer.trace)
            searched = [_searched(self.index, self.restriction)] if was_searched else []
            told = ["No answer found.", answer.text, *searched, needed(query, answer.evidence)]
            answer = replace(answer, text=" ".join(told))
        if self.restriction is not None:
            step = {"step": "restrict", "to": in_words(self.restriction)}
            answer = replace(answer, trace=(step, *answer.trace))
        return with_notices(query, answer)


def make_answerer(
    index: Index,
    *,
    k: int | None = None,
    restriction: Restriction | None = None,
    method: str | Mapping[str, Any] | Method | None = None,
    generator: str | Mapping[str, Any] | Generator | None = None,
    entailer: str | Mapping[str, Any] | Entailer | None = None,
) -> Answerer:
    """Make what answers from an index. Arguments and errors as for `ragmed.api.ask`."""
    recipe = index.recipe
    told_method: Any = recipe.method if method is None else method
    told_generator: Any = recipe.generator if generator is None else generator
    made: Generator = told_generator
    if isinstance(told_generator, str | Mapping):
        where = f"{recipe.path}: [generator]" if generator is None else "generator"
        made = catalog.make("generators", told_generator, where, term_statistics=index.term_statistics)
    judge = catalog.make("entailers", entailer, "entailer") if isinstance(entailer, str | Mapping) else entailer
    where = f"{recipe.path}: [method]" if method is None else "method"
    settings = {
        "ragmed": __version__,
        "index": index.manifest.index_id,
        "search": [to_json(table) for table in (recipe.fusion, recipe.queries, recipe.rerankers)],
        "restriction": to_json(restriction),
        "k": k,
        "method": settings_of(told_method),
        "generator": settings_of(told_generator),
        "entailer": None if entailer is None else settings_of(entailer),
    }
    chosen = _method(told_method, k, where, recipe.graph)
    notes_method = catalog.make("methods", _OF_NOTES, where) if method is None else chosen
    return Answerer(index, chosen, notes_method, made, judge, restriction, settings)


def _method(told: str | Mapping[str, Any] | Method, k: int | None, where: str, graph: str) -> Method:
    """The method, with that depth, given the graph where it wants one. Raises `RecipeError` where it has no depth."""
    if isinstance(told, str | Mapping):
        table = {"name": told} if isinstance(told, str) else dict(told)
        named = isinstance(table.get("name"), str)
        component = catalog.load("methods", str(table["name"])) if named else type(None)
        given: dict[str, Any] = {**given_graph(component, graph)}
        if k is not None and named:
            _check_depth(component, str(table["name"]))
            table.pop("k", None)
            given |= {"k": k}
        made: Method = catalog.make("methods", table, where, **given)
        return made
    if k is None:
        return told
    _check_depth(type(told), type(told).__name__)
    deeper: Method = replace(told, k=k)  # type: ignore[type-var]
    return deeper


def _graph_card(method: Method) -> dict[str, Any]:
    """What identifies the knowledge graph of a method; nothing where it uses none."""
    graph = graph_of(method)
    if graph is None:
        return {}
    keys = ("name", "title", "release", "licence")
    sources = [{key: source.get(key, "") for key in keys} for source in graph.sources]
    return {"graph": {"graph_id": graph.graph_id, "sources": sources}}


def _check_depth(component: type, name: str) -> None:
    have = [field.name for field in fields(component) if field.init] if is_dataclass(component) else []
    if "k" not in have:
        raise RecipeError(f"methods/{name}: has no k; leave it out (its own options: {', '.join(have) or 'none'})")


def settings_of(told: Any) -> Any:
    """What a component's table says of its answers, as JSON values: how a reply is got makes no other answer.

    >>> settings_of({"name": "openai_chat", "model": "m", "concurrency": 64})
    {'name': 'openai_chat', 'model': 'm'}
    """
    if isinstance(told, Mapping):
        return {key: settings_of(value) for key, value in told.items() if key not in _HOW_A_REPLY_IS_GOT}
    return told if isinstance(told, str | int | float | list) else repr(told)


def questions_at_once(generator: Generator) -> int:
    """How many questions keep a language model busy."""
    concurrency = getattr(generator, "concurrency", 0)
    return 4 * concurrency if isinstance(concurrency, int) and concurrency > 0 else 4


def _searched(index: Index, restriction: Restriction | None) -> str:
    table = index.manifest.table
    corpora = "; ".join(
        corpus["title"] + (f", release {corpus['release']}" if corpus["release"] else "") for corpus in table["corpora"]
    )
    only = "" if restriction is None else f", restricted to: {in_words(restriction)}"
    return (
        f"Searched the {table['n_passages']:,} passages of index {index.name!r} ({corpora}) "
        f"with {listed(index.retriever_names)}{only}."
    )
