"""Pages of mapped files are given back past a limit, and what was mapped reads as before."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from ragmed import mapped
from ragmed.columns import map_array, write_array

MB = 1 << 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells how much is mapped")
def test_pages_are_given_back_past_the_limit_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "_AT_ONCE", 16 * MB)
    write_array(tmp_path / "numbers.npy", np.arange(8 * MB))  # 64 MB
    array = map_array(tmp_path / "numbers.npy")
    before = mapped.resident()
    total = array.sum()
    assert mapped.resident() >= before + 60 * MB
    assert not mapped.give_back(limit=mapped.resident() + MB)
    assert mapped.resident() >= before + 60 * MB
    for _ in range(100):
        if not mapped.give_back(limit=before + 8 * MB):
            break
    assert mapped.resident() <= before + 8 * MB
    assert array.sum() == total


def test_an_array_that_is_gone_is_no_longer_watched(tmp_path: Path) -> None:
    write_array(tmp_path / "numbers.npy", np.arange(4 * MB))
    array = map_array(tmp_path / "numbers.npy")
    key = id(array)
    assert key in mapped._large
    del array
    assert key not in mapped._large


def test_where_the_system_does_not_tell_nothing_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped, "_STATUS", tmp_path / "none")
    assert mapped.resident() == 0
    assert not mapped.give_back(limit=0)
