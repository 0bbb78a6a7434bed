"""From a model's vectors to `ragmed.protocols.Vectors`, and a warning where a query is not read to its end."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragmed.errors import EncoderError
from ragmed.protocols import Vectors


class TruncatedQuery(UserWarning):
    """A query is longer than its encoder reads; the rest of it is not searched by that encoder."""


_warned: set[str] = set()
_lock = threading.Lock()


def warn_of_truncation(fingerprint: str, model: str, n_tokens: int, max_tokens: int) -> None:
    """Warn, once per process and encoder, of a query that is cut."""
    with _lock:
        known = fingerprint in _warned
        _warned.add(fingerprint)
    if not known:
        warnings.warn(
            f"{model}: reads {max_tokens} tokens of a query, this one has {n_tokens}; the rest is not searched "
            "(said once; ask more briefly, or rewrite long questions with queries of the recipe)",
            TruncatedQuery,
            stacklevel=3,
        )


def unit_vectors(raw: NDArray[Any], model: str) -> Vectors:
    """Each vector at length 1: dot products become cosines.

    Raises:
        EncoderError: a vector is zero or holds what is no number.
    """
    vectors = np.asarray(raw, dtype=np.float64)
    unit: Vectors = (vectors / _lengths(vectors, model)).astype(np.float32)
    return unit


def query_vectors(raw: NDArray[Any], norm_bound: float, model: str) -> Vectors:
    """Unit vectors of queries, with a last component of 0 where ``norm_bound`` is set (`passage_vectors`)."""
    unit = unit_vectors(raw, model)
    return np.pad(unit, ((0, 0), (0, 1))) if norm_bound else unit


def passage_vectors(raw: NDArray[Any], norm_bound: float, model: str) -> Vectors:
    """Unit vectors of passages; with ``norm_bound`` M > 0 such that they rank as dot products would.

    x becomes (x / M, √(1 − |x|² / M²)) and a query q becomes (q / |q|, 0), so that their cosine is q·x / (|q| M).

    Source: Bachrach et al. 2014, "Speeding Up the Xbox Recommender System Using a Euclidean Transformation for
    Inner-Product Spaces" (RecSys), §3; Neyshabur & Srebro 2015, arXiv:1410.5518.

    Raises:
        EncoderError: as `unit_vectors`, or a vector is longer than ``norm_bound``.
    """
    if not norm_bound:
        return unit_vectors(raw, model)
    vectors = np.asarray(raw, dtype=np.float64)
    lengths = _lengths(vectors, model) / norm_bound
    if (lengths > 1).any():
        longest = norm_bound * float(lengths.max())
        raise EncoderError(f"{model}: gives a vector of length {longest:.4g}; norm_bound must be greater")
    both: Vectors = np.concatenate([vectors / norm_bound, np.sqrt(1 - lengths**2)], axis=1).astype(np.float32)
    return both


def _lengths(vectors: NDArray[np.float64], model: str) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not (np.isfinite(lengths).all() and (lengths > 0).all()):
        raise EncoderError(f"{model}: gives a vector of nothing or of what is no number")
    return lengths
