"""A folder is a registry: a component's file name is its name, and nothing else registers it.

``load("retrievers", "bm25")`` imports ``ragmed/retrievers/bm25.py`` and returns its ``COMPONENT``; no
other component is imported, so heavy packages load only when asked for. Your own components need no
edit here: put ``<folder>/retrievers/mine.py`` anywhere and name the folder in ``RAGMED_COMPONENTS``
(several, separated as in ``PATH``). Files that begin with ``_`` are not components.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ragmed import protocols
from ragmed.errors import MissingExtra, RecipeError, UnknownName

FAMILIES: Mapping[str, type] = {
    "corpora": protocols.Corpus,
    "knowledge": protocols.Knowledge,
    "filters": protocols.Filter,
    "scorers": protocols.Scorer,
    "passages": protocols.Splitter,
    "encoders": protocols.Encoder,
    "retrievers": protocols.Retriever,
    "fusion": protocols.Fusion,
    "queries": protocols.Rewriter,
    "rerankers": protocols.Reranker,
    "generators": protocols.Generator,
    "benchmarks": protocols.Benchmark,
    "measures": protocols.Measure,
    "entailers": protocols.Entailer,
    "methods": protocols.Method,
}
"""Each family (a folder) and the protocol its components keep."""

_PACKAGE = Path(__file__).parent


def folders(family: str) -> list[Path]:
    """The folders that hold a family's components: ragmed's own, then those of RAGMED_COMPONENTS."""
    extra = os.environ.get("RAGMED_COMPONENTS", "")
    return [_PACKAGE / family, *(Path(part) / family for part in extra.split(os.pathsep) if part)]


def files(family: str) -> dict[str, Path]:
    """Component name → file, sorted by name; ragmed's own files win over others of the same name."""
    if family not in FAMILIES:
        raise UnknownName("families", family, FAMILIES)
    found: dict[str, Path] = {}
    for folder in folders(family):
        if folder.is_dir():
            for path in sorted(folder.glob("*.py")):
                if not path.name.startswith("_"):
                    found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def load(family: str, name: str) -> type[Any]:
    """The component class in the file ``<family>/<name>.py``.

    Raises:
        UnknownName: no such file; the message lists those there are.
        MissingExtra: the file needs an optional package.
        RecipeError: the file defines no ``COMPONENT``.
    """
    have = files(family)
    if name not in have:
        raise UnknownName(family, name, have)
    module = _import(family, name, have[name])
    component = getattr(module, "COMPONENT", None)
    if not isinstance(component, type):
        raise RecipeError(f"{have[name]}: ends without COMPONENT = <class>; see CONTRIBUTING.md")
    return component


def make(family: str, table: str | Mapping[str, Any], where: str, **given: Any) -> Any:
    """Build a component from a name or a recipe table ``{name = "bm25", k1 = 0.9}``.

    ``given`` are arguments that come from the program, not from the recipe; those that the component does
    not declare are left out. ``where`` names file and
    table for error messages. Nested components (an encoder inside a retriever) are built the same way.

    Raises:
        RecipeError: an unknown option, or a value of the wrong type.
        UnknownName: no such component.
    """
    options = {"name": table} if isinstance(table, str) else dict(table)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise RecipeError(f'{where}: needs a name, as in name = "{next(iter(files(family)), "…")}"')
    component = load(family, name)
    if not is_dataclass(component):
        raise RecipeError(f"{family}/{name}: a component must be a dataclass; see CONTRIBUTING.md")
    declared = {f.name: f for f in fields(component) if f.init}
    hints = get_type_hints(component)
    arguments: dict[str, Any] = {key: value for key, value in given.items() if key in declared}
    for key, value in options.items():
        if key not in declared or key in given:
            have = set(declared) - set(given)
            raise RecipeError(f"{where}: {UnknownName(f'options of {name}', key, have)}")
        nested = declared[key].metadata.get("family")
        if nested is not None:
            arguments[key] = make(nested, value, f"{where}.{key}")
        elif _fits(value, hints[key]):
            arguments[key] = tuple(value) if isinstance(value, list) else value
        else:
            raise RecipeError(f"{where}: {key} = {value!r} is not of type {_type_name(hints[key])}")
    for key, declared_field in declared.items():
        nested = declared_field.metadata.get("family")
        if nested is not None and key not in arguments:
            if declared_field.metadata["default"] is None:
                continue  # a component that may be absent: the field's own default says so
            arguments[key] = make(nested, declared_field.metadata["default"], f"{where}.{key}")
        elif key not in arguments and declared_field.default is MISSING and declared_field.default_factory is MISSING:
            raise RecipeError(f"{where}: {name} needs {key}")
    return component(**arguments)


def _import(family: str, name: str, path: Path) -> ModuleType:
    inside = path.parent == _PACKAGE / family
    module_name = f"ragmed.{family}.{name}" if inside else f"ragmed_components.{family}.{name}"
    loaded = sys.modules.get(module_name)
    if loaded is not None and getattr(loaded, "__file__", None) == str(path):
        return loaded
    try:
        if inside:
            return importlib.import_module(module_name)
        spec = importlib.util.spec_from_file_location(module_name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[module_name]
            raise
        return module
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        raise MissingExtra(error.name or "", extra) from error


_EXTRAS = {
    "torch": "hf",
    "safetensors": "hf",
    "jnius": "lucene",
    "jnius_config": "lucene",
    "openvino": "openvino",
    "xllamacpp": "gguf",
    "transformers": "hf",
    "sentence_transformers": "hf",
    "pyserini": "lucene",
    "langchain_text_splitters": "split",
    "pyarrow": "parquet",
    "openpyxl": "excel",
    "pymilvus": "milvus",
    "milvus_lite": "milvus",
    "ray": "ray",
    "fsspec": "ray",
    "rouge_score": "eval",
    "mteb": "mteb",
}
"""Top-level package → the extra of pyproject.toml that brings it."""


def _fits(value: object, hint: Any) -> bool:
    """Whether a TOML value has the annotated type; an int serves as a float, a list as a tuple."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is None:
        if hint is float:
            return isinstance(value, int | float) and not isinstance(value, bool)
        if hint is int:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, hint) if isinstance(hint, type) else False
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_fits(item, arguments[0]) for item in value)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return any(_fits(value, argument) for argument in arguments if argument is not type(None))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(item, arguments[1]) for item in value.values())
    if str(origin) == "typing.Literal":
        return value in arguments
    return isinstance(value, origin)


def _type_name(hint: Any) -> str:
    return str(getattr(hint, "__name__", hint))
