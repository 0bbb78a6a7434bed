"""The notebooks run, import only the public interface, and say what they should."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import ragmed

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_runs(path: Path, default_index: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    printed = "".join(o.get("text", "") for cell in notebook.cells for o in cell.get("outputs", []))
    if path.stem == "quickstart":
        for expected in ("[1]", "True", "abstained", "Arachnodactyly"):
            assert expected in printed
        assert re.search(r"^B$", printed, re.MULTILINE), "the choice is autosomal recessive"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_notebook_uses_public_names_only(path: Path) -> None:
    source = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    assert not re.search(r"(?:from|import) ragmed\.", source)
    assert set(re.findall(r"ragmed\.(\w+)", source)) <= set(ragmed.__all__)
