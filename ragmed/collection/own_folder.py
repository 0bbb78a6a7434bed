"""Recipes for a folder of one's own files: its corpus, and an index of that corpus alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ragmed.errors import RecipeError
from ragmed.home import home, recipe_files
from ragmed.recipe import read_corpus_recipe, read_index_recipe

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z")

_CORPUS = """\
title = {title}
homepage = {homepage}
licence = {licence}
builder = {{ name = "files", source = {name}, base_url = {base_url} }}

[[files]]
name = "folder"
path = "**/*"
folder = {folder}
"""

_INDEX = """\
description = {title}

[[corpora]]
name = {name}
splitter = "sections"

[[filters]]
name = "near_duplicates"

[[retrievers]]
name = "bm25"

[[retrievers]]
name = "dense"
encoder = "minilm"
"""


def write_recipes(
    name: str, folder: Path, *, title: str, licence: str, base_url: str = "", replace: bool = False
) -> tuple[Path, Path]:
    """Write ``corpora/<name>.toml`` and ``indexes/<name>.toml`` in the home; return their paths.

    Raises:
        RecipeError: the name is not one, or is taken and ``replace`` is false.
    """
    if not _NAME.match(name):
        raise RecipeError(f"{name!r}: a corpus's name is lower-case letters, digits, '_', '-' and '.'")
    taken = next((have[name] for kind in ("corpora", "indexes") if name in (have := recipe_files(kind))), None)
    if taken is not None and not replace:
        raise RecipeError(f"{taken}: there is one of that name already; choose another, or give --replace")
    values = {
        "name": name,
        "title": title,
        "homepage": base_url or "",
        "licence": licence,
        "base_url": base_url,
        "folder": str(folder.absolute()),
    }
    # A JSON string is a TOML string.
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    paths = home() / "corpora" / f"{name}.toml", home() / "indexes" / f"{name}.toml"
    for path, template in zip(paths, (_CORPUS, _INDEX), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template.format(**quoted), encoding="utf-8")
    read_corpus_recipe(paths[0])
    read_index_recipe(paths[1])
    return paths
