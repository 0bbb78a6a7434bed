"""TOML files → typed recipes. Every key is checked; a misspelt one is an error that names it.

Four kinds: ``corpora/<name>.toml`` declares where a source comes from, ``indexes/<name>.toml`` says which corpora an
index holds and how it is searched, ``indexes/graphs/<name>.toml`` which sources a knowledge graph is made of,
``eval/<name>.toml`` what is measured, on what, and what the figures should be. `ragmed.catalog.make` turns their tables
into objects.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ragmed.errors import RecipeError, UnknownName
from ragmed.home import recipe_file

GRAPHS = "indexes/graphs"
"""Where recipes of knowledge graphs lie."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One upstream file of a corpus, or, where ``path`` is a pattern, all that match it.

    ``path`` is its place below a mirror folder and below ``corpora/<corpus>/``. ``url`` gives its upstream
    address (of a pattern: the page that lists the files), or ``package`` (``name==version``) the installed
    Python package that carries it at ``path``, or ``folder`` a folder of one's own to look for ``path`` in.
    ``sha256`` or ``md5`` pin its bytes; where upstream makes its archives anew at each download they are
    empty, and the corpus's ``counts`` stand in. ``checksum = "md5"`` says that a ``.md5`` lies beside each file.
    ``by_hand`` says how to get what no program can download: because it asks for a registration, or is not listed.
    Of an ``optional`` pattern there may be no file, and a mirror that has none is not added to from the network.
    """

    name: str
    path: str
    url: str = ""
    package: str = ""
    folder: str = ""
    sha256: str = ""
    md5: str = ""
    checksum: str = ""
    by_hand: str = ""
    optional: bool = False

    @property
    def is_pattern(self) -> bool:
        return any(character in self.path for character in "*?[")

    @property
    def base(self) -> str:
        """The folders of a pattern before its first wildcard: ``"pubmed/baseline"``."""
        parts = Path(self.path).parts
        fixed = next((i for i, part in enumerate(parts) if any(c in part for c in "*?[")), len(parts))
        return Path(*parts[: min(fixed, len(parts) - 1)]).as_posix()


@dataclass(frozen=True, slots=True)
class CorpusRecipe:
    """A source: where it comes from, under which licence, how it is read (``corpora/<name>.toml``)."""

    name: str
    title: str
    homepage: str
    licence: str
    citation: str
    builder: Mapping[str, Any]
    files: tuple[SourceFile, ...]
    counts: Mapping[str, int]
    path: Path


@dataclass(frozen=True, slots=True)
class IndexedCorpus:
    """One corpus of an index and how it is split into passages."""

    name: str
    splitter: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnowledgeSource:
    """A source of a graph: its reader with options, and the files that it reads."""

    name: str
    reader: Mapping[str, Any]
    files: CorpusRecipe


@dataclass(frozen=True, slots=True)
class GraphRecipe:
    """Which sources a knowledge graph is made of (``indexes/graphs/<name>.toml``)."""

    name: str
    description: str
    sources: tuple[KnowledgeSource, ...]
    path: Path
    table: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexRecipe:
    """What an index holds and how it is searched (``indexes/<name>.toml``).

    ``graph`` names the knowledge graph that its components are given, where one wants one; empty: ``"default"``.
    """

    name: str
    description: str
    corpora: tuple[IndexedCorpus, ...]
    filters: tuple[Mapping[str, Any], ...]
    retrievers: tuple[Mapping[str, Any], ...]
    queries: tuple[Mapping[str, Any], ...]
    fusion: Mapping[str, Any]
    rerankers: tuple[Mapping[str, Any], ...]
    method: Mapping[str, Any]
    generator: Mapping[str, Any]
    path: Path
    graph: str = ""
    table: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class System:
    """What is evaluated: how an index is searched and, where answers are asked for, answered from.

    ``retriever`` searches with that one alone; empty: all of them, fused. What is empty is as the index's recipe
    says, but for ``queries`` and ``rerankers`` of a system that searches with one retriever: those are its own alone.
    ``convention`` says how documents generated for a question are searched with (`ragmed.analysis.generated`),
    ``perturb`` in what way questions are changed before they are asked (`ragmed.evaluation.robustness`).
    """

    name: str
    retriever: str = ""
    queries: tuple[Mapping[str, Any], ...] = ()
    fusion: Mapping[str, Any] = field(default_factory=dict)
    rerankers: tuple[Mapping[str, Any], ...] = ()
    method: Mapping[str, Any] = field(default_factory=dict)
    generator: Mapping[str, Any] = field(default_factory=dict)
    convention: str = ""
    perturb: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure to compare with: one expected here, within ``tolerance``, or one published, with its ``source``."""

    measure: str
    value: float
    system: str = ""
    group: str = ""
    tolerance: float = 0.0
    name: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationRecipe:
    """What is measured, on what, and what the figures should be (``eval/<name>.toml``).

    ``index`` is the name of an index, or a table like an index recipe's without corpora: the benchmark's own
    documents are indexed. ``k`` documents are ranked for each question. ``answers`` asks for answers too.
    ``only_indexed``: relevant documents that the index does not hold do not count, and a question left without any is
    not asked.
    """

    name: str
    description: str
    benchmark: Mapping[str, Any]
    files: CorpusRecipe
    index: str | Mapping[str, Any]
    splitter: Mapping[str, Any]
    systems: tuple[System, ...]
    measures: tuple[str | Mapping[str, Any], ...]
    k: int
    answers: bool
    macro: bool
    only_indexed: bool
    seed: int
    expected: tuple[Figure, ...]
    published: tuple[Figure, ...]
    path: Path
    table: Mapping[str, Any] = field(default_factory=dict)


def read_evaluation_recipe(name_or_path: str | Path) -> EvaluationRecipe:
    """Read ``eval/<name>.toml``. Raises `UnknownName`, `RecipeError`."""
    path = _locate("eval", name_or_path)
    return parse_evaluation_recipe(_read(path), path)


def parse_evaluation_recipe(table: Mapping[str, Any], path: Path) -> EvaluationRecipe:
    """An evaluation's recipe from its table; ``path`` names it and is for messages."""
    top = _Table(table, str(path))
    systems = tuple(
        System(
            name=entry.text("name"),
            retriever=entry.text("retriever", ""),
            queries=tuple(rewriter.everything() for rewriter in entry.tables("queries")),
            rerankers=tuple(reranker.everything() for reranker in entry.tables("rerankers")),
            fusion=entry.table_of("fusion"),
            method=entry.table_of("method"),
            generator=entry.table_of("generator"),
            convention=entry.text("convention", ""),
            perturb=entry.text("perturb", ""),
        )
        for entry in top.tables("systems")
    )
    figures = {
        key: tuple(
            Figure(
                measure=entry.text("measure"),
                value=entry.number("value"),
                system=entry.text("system", ""),
                group=entry.text("group", ""),
                tolerance=entry.number("tolerance", 0.0),
                name=entry.text("name", ""),
                source=entry.text("source", ""),
            )
            for entry in top.tables(key)
        )
        for key in ("expected", "published")
    }
    benchmark = top.component("benchmark")
    recipe = EvaluationRecipe(
        name=path.stem,
        description=top.text("description", ""),
        benchmark=benchmark,
        files=CorpusRecipe(
            name=top.text("files_of", path.stem),
            title=top.text("title", path.stem),
            homepage=top.text("homepage", ""),
            licence=top.text("licence", ""),
            citation=top.text("citation", ""),
            builder=benchmark,
            files=_files(top, path),
            counts={},
            path=path,
        ),
        index=top.name_or_table("index"),
        splitter=top.component("splitter", "whole"),
        systems=systems or (System("hybrid"),),
        measures=top.names_or_tables("measures"),
        k=int(top.number("k", 100)),
        answers=top.flag("answers"),
        macro=top.flag("macro"),
        only_indexed=top.flag("only_indexed"),
        seed=int(top.number("seed", 0)),
        expected=figures["expected"],
        published=figures["published"],
        path=path,
        table=table,
    )
    top.finish()
    if len({system.name for system in recipe.systems}) < len(recipe.systems):
        raise RecipeError(f"{path}: a system is named twice")
    for system in recipe.systems:
        if not _NAME.match(system.name):
            raise RecipeError(f"{path}: a system's name is lower-case letters, digits, '_', '-' and '.'")
    if not recipe.measures:
        raise RecipeError(f'{path}: needs measures, as in measures = ["nDCG@10"]')
    return recipe


def read_corpus_recipe(name_or_path: str | Path) -> CorpusRecipe:
    """Read ``corpora/<name>.toml``. Raises `UnknownName`, `RecipeError`."""
    path = _locate("corpora", name_or_path)
    table = _read(path)
    top = _Table(table, str(path))
    files = _files(top, path)
    recipe = CorpusRecipe(
        name=path.stem,
        title=top.text("title"),
        homepage=top.text("homepage"),
        licence=top.text("licence"),
        citation=top.text("citation", ""),
        builder=top.component("builder"),
        files=files,
        counts=top.counts("counts"),
        path=path,
    )
    top.finish()
    if not files:
        raise RecipeError(f"{path}: needs at least one [[files]] table")
    return recipe


def _files(top: _Table, path: Path) -> tuple[SourceFile, ...]:
    files = tuple(
        SourceFile(
            name=entry.text("name"),
            path=_relative(entry),
            url=entry.text("url", ""),
            package=entry.text("package", ""),
            folder=entry.text("folder", ""),
            sha256=entry.text("sha256", ""),
            checksum=entry.text("checksum", ""),
            by_hand=entry.text("by_hand", ""),
            optional=entry.flag("optional"),
        )
        for entry in top.tables("files")
    )
    for entry in files:
        if [bool(entry.url), bool(entry.package), bool(entry.folder)].count(True) != 1:
            raise RecipeError(f"{path}: file {entry.name!r} needs one of url, package and folder")
        if entry.checksum not in ("", "md5"):
            raise RecipeError(f"{path}: file {entry.name!r}: checksum is {entry.checksum!r}; have: md5")
        if entry.optional and not entry.is_pattern:
            raise RecipeError(f"{path}: file {entry.name!r}: only a pattern can be optional")
        if entry.package and entry.is_pattern:
            raise RecipeError(f"{path}: file {entry.name!r}: a package's files are named one by one")
    return files


def read_graph_recipe(name_or_path: str | Path) -> GraphRecipe:
    """Read ``indexes/graphs/<name>.toml``. Raises `UnknownName`, `RecipeError`."""
    path = _locate(GRAPHS, name_or_path)
    return parse_graph_recipe(_read(path), path)


def parse_graph_recipe(table: Mapping[str, Any], path: Path) -> GraphRecipe:
    """A graph's recipe from its table; ``path`` names it and is for messages."""
    top = _Table(table, str(path))
    description = top.text("description", "")
    sources = tuple(_knowledge_source(entry, path) for entry in top.tables("sources"))
    top.finish()
    if not _NAME.match(path.stem):
        raise RecipeError(f"{path}: a graph's name is lower-case letters, digits, '_', '-' and '.'")
    if not sources:
        raise RecipeError(f"{path}: needs at least one [[sources]] table")
    if len({source.name for source in sources}) < len(sources):
        raise RecipeError(f"{path}: a source is named twice")
    return GraphRecipe(path.stem, description, sources, path, table)


def _knowledge_source(entry: _Table, path: Path) -> KnowledgeSource:
    name, reader = entry.text("name"), entry.component("reader")
    if files_of := entry.text("files_of", ""):
        return KnowledgeSource(name, reader, read_corpus_recipe(files_of))
    files = CorpusRecipe(
        name=name,
        title=entry.text("title", name),
        homepage=entry.text("homepage", ""),
        licence=entry.text("licence"),
        citation=entry.text("citation", ""),
        builder=reader,
        files=_files(entry, path),
        counts={},
        path=path,
    )
    if not files.files:
        raise RecipeError(f"{entry.where}: needs files_of or at least one [[sources.files]] table")
    return KnowledgeSource(name, reader, files)


def read_index_recipe(name_or_path: str | Path) -> IndexRecipe:
    """Read ``indexes/<name>.toml``. Raises `UnknownName`, `RecipeError`."""
    path = _locate("indexes", name_or_path)
    return parse_index_recipe(_read(path), path)


def parse_index_recipe(table: Mapping[str, Any], path: Path) -> IndexRecipe:
    """An index recipe from its table, as TOML or a manifest holds it; ``path`` is for messages."""
    top = _Table(table, str(path))
    corpora = tuple(
        IndexedCorpus(entry.text("name"), entry.component("splitter", "whole")) for entry in top.tables("corpora")
    )
    recipe = IndexRecipe(
        name=path.stem,
        description=top.text("description", ""),
        corpora=corpora,
        filters=tuple(entry.everything() for entry in top.tables("filters")),
        retrievers=tuple(entry.everything() for entry in top.tables("retrievers")),
        queries=tuple(entry.everything() for entry in top.tables("queries")),
        fusion=top.component("fusion", "adaptive"),
        rerankers=tuple(entry.everything() for entry in top.tables("rerankers")),
        method=top.component("method", "retrieve_then_read"),
        generator=top.component("generator", "extractive"),
        path=path,
        graph=top.text("graph", ""),
        table=table,
    )
    top.finish()
    if not _NAME.match(recipe.name):
        raise RecipeError(f"{path}: an index's name is lower-case letters, digits, '_', '-' and '.'")
    if not corpora:
        raise RecipeError(f"{path}: needs at least one [[corpora]] table")
    if not recipe.retrievers:
        raise RecipeError(f"{path}: needs at least one [[retrievers]] table")
    names = [retriever.get("name") for retriever in recipe.retrievers]
    if len(set(names)) < len(names):
        raise RecipeError(f"{path}: a retriever is named twice")
    return recipe


def _locate(kind: str, name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, Path) or name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise RecipeError(f"{path}: no such file")
        return path
    return recipe_file(kind, name_or_path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not valid TOML: {error}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error


def _relative(entry: _Table) -> str:
    value = entry.text("path")
    parts = Path(value).parts
    if Path(value).is_absolute() or ".." in parts:
        raise RecipeError(f"{entry.where}: path {value!r} must lie below the mirror folder")
    return value


class _Table:
    """A TOML table that remembers which keys were read, so that the rest can be refused."""

    def __init__(self, table: Mapping[str, Any], where: str) -> None:
        self.table = table
        self.where = where
        self.known: list[str] = []
        self.children: list[_Table] = []

    def _get(self, key: str, kind: type, default: Any) -> Any:
        self.known.append(key)
        if key not in self.table:
            if default is None:
                self.finish(missing=key)
                raise RecipeError(f"{self.where}: needs {key}")
            return default
        value = self.table[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            raise RecipeError(f"{self.where}: {key} = {value!r} is not of type {kind.__name__}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        return str(self._get(key, str, default))

    def tables(self, key: str) -> list[_Table]:
        values = self._get(key, list, [])
        for value in values:
            if not isinstance(value, Mapping):
                raise RecipeError(f"{self.where}: write [[{key}]] before each entry")
        children = [_Table(value, f"{self.where}: [[{key}]] {i + 1}") for i, value in enumerate(values)]
        self.children.extend(children)
        return children

    def component(self, key: str, default: str | None = None) -> Mapping[str, Any]:
        self.known.append(key)
        value = self.table.get(key, default)
        if value is None:
            self.finish(missing=key)
            raise RecipeError(f"{self.where}: needs {key}")
        if isinstance(value, str):
            return {"name": value}
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise RecipeError(f'{self.where}: {key} needs a name, as in {key} = {{name = "…"}}')
        return dict(value)

    def number(self, key: str, default: float | None = None) -> float:
        self.known.append(key)
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RecipeError(f"{self.where}: {'needs' if value is None else 'not a number:'} {key}")
        return value

    def flag(self, key: str) -> bool:
        self.known.append(key)
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise RecipeError(f"{self.where}: {key} = {value!r} is not true or false")
        return value

    def table_of(self, key: str) -> Mapping[str, Any]:
        """A component's table, or nothing."""
        return self.component(key) if key in self.table else {}

    def name_or_table(self, key: str) -> str | Mapping[str, Any]:
        self.known.append(key)
        value = self.table.get(key)
        if not isinstance(value, str | Mapping):
            raise RecipeError(f'{self.where}: needs {key} = "<name>" or a table [{key}]')
        return value

    def names_or_tables(self, key: str) -> tuple[str | Mapping[str, Any], ...]:
        values = self._get(key, list, [])
        for value in values:
            if not isinstance(value, str | Mapping):
                raise RecipeError(f"{self.where}: {key}: {value!r} is neither a name nor a table")
        return tuple(values)

    def counts(self, key: str) -> Mapping[str, int]:
        values = self._get(key, dict, {})
        for name, value in values.items():
            if not isinstance(value, int) or isinstance(value, bool):
                raise RecipeError(f"{self.where}: {key}.{name} = {value!r} is not a whole number")
        return dict(values)

    def everything(self) -> Mapping[str, Any]:
        self.known.extend(self.table)
        if not isinstance(self.table.get("name"), str):
            raise RecipeError(f"{self.where}: needs name")
        return dict(self.table)

    def finish(self, missing: str = "") -> None:
        """Refuse keys nobody asked for; ``missing`` says which required key prompted the check."""
        for child in self.children:
            child.finish()
        unknown = sorted(set(self.table) - set(self.known))
        if unknown and not missing:
            raise RecipeError(f"{self.where}: {UnknownName('keys', unknown[0], self.known)}")
        if unknown and missing:
            raise RecipeError(f"{self.where}: needs {missing}; unknown key {unknown[0]!r}")
