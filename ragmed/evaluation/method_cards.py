"""What the methods are: in one line each, with their paper and whether they need a language model."""

from __future__ import annotations

import ast
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ragmed import catalog
from ragmed.answers.reply import Reply, write_reply
from ragmed.errors import RagmedError, RecipeError
from ragmed.graph.store import Graph
from ragmed.graph.writing import write_graph
from ragmed.protocols import Generator, Method
from ragmed.types import Completion, Evidence, Passage, Prompt, Query

Need = Literal["no", "with options", "yes"]

_FREE = Query("q", "What is fever?")
_CHOICE = Query("q", "What is fever?", {"A": "A raised body temperature", "B": "A rash"})
_SOURCE = re.compile(r"^Sources?: (.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL)
_WHO = re.compile(r"([^\"(]{3,80}?\b(?:19|20)\d\d)\b")
_TITLE = re.compile(r"\"([^\"]+?)\"")
_ADDRESS = re.compile(r"https?://[^\s),]+|arXiv:\d{4}\.\d{4,5}")


@dataclass(frozen=True, slots=True)
class MethodCard:
    """A method: its first line, the first paper that its file names, and whether it needs a language model.

    ``needs_model``: ``"with options"`` where it does without for questions that have none. ``lacks`` says what else it
    needs, as a package that is missing or a file.
    """

    name: str
    summary: str
    authors: str
    title: str
    address: str
    needs_model: Need
    lacks: str = ""


def method_cards() -> list[MethodCard]:
    """Every method there is, sorted by name."""
    return [_card(name) for name in catalog.files("methods")]


def made_to_be_asked(table: str | Mapping[str, Any], where: str) -> Method:
    """A method that is only asked what it needs: one that wants a graph has an empty one, so that none is opened.

    Raises: as `ragmed.catalog.make`.
    """
    graph, _ = _empty_graph()
    made: Method = catalog.make("methods", table, where, graph=graph)
    return made


def needs_model(method: Method) -> Need:
    """Whether a method refuses a generator that reads evidence by itself: it is given one, and a question of each
    kind."""
    if not _refusal(method, _CHOICE, _Abstains()):
        return "no"
    return "yes" if _refusal(method, _FREE, _Abstains()) else "with options"


def what_it_lacks(method: Method) -> str:
    """What a method says that it lacks besides a language model, as solved questions for its examples; else empty."""
    return _refusal(method, _CHOICE, _SaysNothing())


def _refusal(method: Method, query: Query, generator: Generator) -> str:
    try:
        method.answer([query], _one_passage, generator)
    except RecipeError as error:
        return str(error)
    return ""


@lru_cache(1)
def _empty_graph() -> tuple[Graph, tempfile.TemporaryDirectory[str]]:
    """The graph, and its folder, which is removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="ragmed-")
    write_graph(Path(folder.name), [])
    return Graph(Path(folder.name)), folder


class _SaysNothing:
    """A language model that gives no reply."""

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [Completion("", error="nothing was asked") for _ in prompts]


class _Abstains:
    """A generator that reads by itself and finds no answer in anything."""

    def read(self, prompt: Prompt) -> Reply:
        return Reply((), abstain="Nothing was read.")

    def complete(self, prompts: Sequence[Prompt]) -> list[Completion]:
        return [Completion(write_reply(self.read(prompt))) for prompt in prompts]


def _one_passage(queries: Sequence[Query], k: int) -> list[tuple[Evidence, ...]]:
    text = "Fever is a raised body temperature."
    passage = Passage("d:0-35", "d", 0, len(text), text, "Fever", "none", "", "CC0")
    return [(Evidence(passage, 1.0, 1, {"bm25": 1}),)[:k] for _ in queries]


def _card(name: str) -> MethodCard:
    source = catalog.files("methods")[name].read_text(encoding="utf-8")
    words = ast.get_docstring(ast.parse(source)) or ""
    told = _SOURCE.search(words)
    paper = " ".join(told[1].split()) if told else ""
    who, title, address = _WHO.search(paper), _TITLE.search(paper), _ADDRESS.search(paper)
    need: Need = "yes"
    lacks = ""
    try:
        method = made_to_be_asked(name, f"methods/{name}")
        need = needs_model(method)
        lacks = what_it_lacks(method)
    except RagmedError as error:
        lacks = str(error)
    return MethodCard(
        name=name,
        summary=words.partition("\n")[0],
        authors=who[1] if who else "",
        title=title[1] if title else "",
        address=address[0].rstrip(".") if address else "",
        needs_model=need,
        lacks=lacks,
    )


_: type[Generator] = _Abstains
