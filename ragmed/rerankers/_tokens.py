"""Texts in the tokens of a model: cut to fit, or parted into windows that do; ONNX files of models.

A tokenizer is one of the `tokenizers` library that neither cuts nor pads.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragmed.analysis.encodable import encodable
from ragmed.errors import EncoderError

_COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "xlm-roberta-xl")
"""Models whose first token has the position after that of padding."""
_OVERLAP = 4
"""Windows share a quarter of their tokens, so that what one cuts in two the next has whole."""


def plain(tokenizer: Any) -> Any:
    """A copy of a tokenizer that neither cuts nor pads, whatever is done to the original."""
    from tokenizers import Tokenizer

    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def count(tokenizer: Any, text: str) -> int:
    """Tokens of a text, special tokens not included."""
    return len(tokenizer.encode(encodable(text), add_special_tokens=False).ids)


def cut(tokenizer: Any, text: str, n_tokens: int) -> str:
    """The text as far as its first ``n_tokens`` tokens reach."""
    text = encodable(text)
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    return text if len(offsets) <= n_tokens else text[: offsets[n_tokens - 1][1]] if n_tokens > 0 else ""


def windows(tokenizer: Any, text: str, n_tokens: int) -> list[str]:
    """The text in pieces of ``n_tokens`` tokens, each sharing a quarter with the one before; whole where it fits.

    Together they hold every token, and the last is as long as the others.
    """
    text = encodable(text)
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    if len(offsets) <= n_tokens:
        return [text]
    step = max(1, n_tokens - n_tokens // _OVERLAP)
    starts = [*range(0, len(offsets) - n_tokens, step), len(offsets) - n_tokens]
    return [text[offsets[start][0] : offsets[start + n_tokens - 1][1]] for start in starts]


@functools.cache
def onnx_model(folder: str, what: str) -> tuple[Any, Any, dict[str, Any]]:
    """Tokenizer, session and configuration of a model exported to ONNX, loaded once a process.

    The folder holds ``tokenizer.json``, ``model.onnx`` (or ``onnx/model.onnx``) and, where it was exported with
    one, ``config.json``. ``what`` names the model's kind in messages. Raises `EncoderError`.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    path = Path(folder)
    graph = next((file for file in (path / "model.onnx", path / "onnx" / "model.onnx") if file.is_file()), None)
    if graph is None or not (path / "tokenizer.json").is_file():
        raise EncoderError(
            f'{what} {folder!r}: runtime = "onnx" needs a folder with model.onnx and tokenizer.json; export the model '
            f'to one, or set runtime = "torch"'
        )
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        tokenizer = plain(Tokenizer.from_file(str(path / "tokenizer.json")))
        session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        config = json.loads((path / "config.json").read_text("utf-8")) if (path / "config.json").is_file() else {}
    except Exception as error:  # both libraries raise classes of their own
        raise unloadable(what, folder, error) from error
    return tokenizer, session, config


def n_positions(config: Mapping[str, Any]) -> int:
    """How many tokens a model's configuration has positions for; 0 where it does not say.

    >>> n_positions({"model_type": "xlm-roberta", "max_position_embeddings": 514, "pad_token_id": 1})
    512
    """
    positions = int(config.get("max_position_embeddings") or 0)
    if positions > 0 and config.get("model_type") in _COUNT_FROM_PADDING:
        positions -= int(config.get("pad_token_id") or 0) + 1
    return max(positions, 0)


def run_onnx(session: Any, **inputs: Any) -> Any:
    """The session's first output for those of the inputs that its graph has."""
    wanted = {given.name for given in session.get_inputs()}
    return session.run(None, {name: value for name, value in inputs.items() if name in wanted})[0]


def unloadable(what: str, model: str, error: Exception) -> EncoderError:
    """The error for a model that cannot be had, in a line."""
    reason = " ".join(str(error).split())[:200]
    return EncoderError(f"{what} {model!r} cannot be loaded: {reason}; name a local folder, or check the name")
