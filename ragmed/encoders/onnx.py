"""Any encoder exported to ONNX, without torch: on ONNX Runtime, or on OpenVINO (extra ``openvino``).

Source: the layout in which sentence-transformers and Optimum export models
(https://www.sbert.net/docs/sentence_transformer/usage/efficiency.html). Files read from the folder ``model``: the
model (``model.onnx`` or ``onnx/model.onnx``, or ``file``, which may be OpenVINO's ``.xml``), ``tokenizer.json`` and,
where they are, ``modules.json``, ``1_Pooling/config.json``, ``sentence_bert_config.json``,
``config_sentence_transformers.json``, ``tokenizer_config.json`` and ``config.json``.

Prefixes, pooling and limits come, in this order, from the options, from the preset named and from those files; what
none of them says is asked for rather than guessed. Queries are run one at a time and batches of passages depend on
the texts alone, since quantised models compute with the range of the whole batch.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ragmed.analysis.encodable import encodable
from ragmed.encoders._batches import by_length
from ragmed.encoders._presets import Pooling, Preset
from ragmed.encoders._tokens import append_eos
from ragmed.encoders._two_sided import TwoSided
from ragmed.encoders._vectors import passage_vectors, query_vectors, warn_of_truncation
from ragmed.errors import EncoderError, MissingExtra
from ragmed.protocols import Encoder, Progress, Vectors, no_progress
from ragmed.threads import in_threads

Runtime = Literal["onnxruntime", "openvino"]
Device = Literal["cpu", "cuda", "auto"]

_BATCH_TOKENS = {"cpu": 2048, "cuda": 16_384}
"""Tokens per batch, padding included."""
_BLOCK = 4096
"""Passages tokenized at once."""
_PROVIDERS = {"cpu": ["CPUExecutionProvider"], "cuda": ["CUDAExecutionProvider", "CPUExecutionProvider"]}
"""What ONNX Runtime computes on; an operation that the first cannot do falls to the next."""
_UNSET_LENGTH = 1_000_000
"""tokenizer_config.json holds a greater number where the model's authors set no limit."""
_KNOWN_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
}


@dataclass(frozen=True)
class ONNX(TwoSided):
    """An encoder in a folder. ``file`` is the model's path below it, as ``"onnx/model_qint8_avx512_vnni.onnx"``.

    ``query_model`` and ``query_file`` encode queries instead. ``device``: ``cuda`` needs the package onnxruntime-gpu in
    place of onnxruntime; ``auto`` takes the GPU where there is one. The other options: `TwoSided`.
    """

    file: str = ""
    query_file: str = ""
    runtime: Runtime = "onnxruntime"
    device: Device = "cpu"

    def fingerprint(self) -> str:
        preset = self._preset()
        files = _hash_of_files(_folder(self.model), self.file)
        if self.query_model:
            files += "+" + _hash_of_files(_folder(self.query_model), self.query_file)
        prefixes = (self._given("query"), self._given("passage"))
        pooling = self.pooling or preset.pooling
        return (
            f"onnx/{files}/{self.runtime}/prefixes={prefixes},max_tokens={self._limits()},pooling={pooling},"
            f"norm_bound={self.norm_bound},eos={preset.append_eos},pairs={preset.pairs}"
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        side, prefix, limit = self._queries(), self._prefix("query"), self._limit("query")
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            ids, types = side.tokenize([prefix + encodable(text)], limit)
            n_tokens = len(ids[0])
            if n_tokens == limit and (whole_length := side.count([prefix + encodable(text)])[0]) > limit:
                warn_of_truncation(self.fingerprint(), self.query_model or self.model, whole_length, limit)
            vectors[row] = query_vectors(side.run(ids, types), self.norm_bound, self.model)[0]
        return vectors

    def encode_passages(self, texts: Sequence[str], progress: Progress = no_progress) -> Vectors:
        side, limit = self._passages(), self._limit("passage")
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        ids: list[list[int]] = []
        types: list[list[int]] = []
        for start in range(0, len(texts), _BLOCK):
            of_block = side.tokenize(self._inputs(texts[start : start + _BLOCK]), limit)
            ids += of_block[0]
            types += of_block[1]
        batches = by_length(np.array([len(one) for one in ids], dtype=np.int64), _BATCH_TOKENS[side.device])

        def encode(rows: NDArray[np.intp]) -> int:
            raw = side.run([ids[row] for row in rows], [types[row] for row in rows])
            vectors[rows] = passage_vectors(raw, self.norm_bound, self.model)
            return len(rows)

        done = 0
        for n in in_threads(encode, batches):
            done += n
            progress(done, len(texts))
        return vectors

    def _preset(self) -> Preset:
        preset = super()._preset()
        if preset.query_model and not self.query_model:
            raise EncoderError(
                f"{self.model}: this preset encodes queries with another model, {preset.query_model}; "
                "name its folder: query_model = …"
            )
        return preset

    def _passages(self) -> _Model:
        return self._model(self.model, self.file)

    def _queries(self) -> _Model:
        return self._model(self.query_model, self.query_file) if self.query_model else self._passages()

    def _model(self, model: str, file: str) -> _Model:
        preset = self._preset()
        pooling = self.pooling or preset.pooling
        return _loaded(str(_folder(model)), file, self.runtime, self.device, pooling, preset.append_eos)


class _Model:
    """A model opened from its folder. Safe for threads."""

    def __init__(
        self, folder: Path, file: str, runtime: Runtime, device: Device, pooling: Pooling, with_eos: bool
    ) -> None:
        from tokenizers import Tokenizer

        self.folder = folder
        self.device = _chosen_device(runtime, device)
        self._pooling, self._with_eos = pooling or _own_pooling(folder), with_eos
        self._tokenizer_json = _read(folder / "tokenizer.json")
        self._tokenizers: dict[int, Any] = {}
        self._new_tokenizer = Tokenizer.from_buffer
        self._prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
        bert = _json(folder / "sentence_bert_config.json")
        self._lower = bool(bert.get("do_lower_case"))
        self._own_limit = bert.get("max_seq_length") or _tokenizer_limit(folder)
        self.n_positions = int(_json(folder / "config.json").get("max_position_embeddings") or 1 << 31)
        tokenizer = self._tokenizer(0)
        self._pad_id = int((json.loads(self._tokenizer_json).get("padding") or {}).get("pad_id", 0))
        self._session = _open(_model_file(folder, file), runtime, self.device)
        unknown = set(self._session.inputs) - _KNOWN_INPUTS
        if unknown:
            raise EncoderError(f"{folder}: needs inputs that a text does not give: {', '.join(sorted(unknown))}")
        self._output = self._choose_output(pooling)
        self.dim = int(
            self.run([tokenizer.encode("dimension").ids], [[0] * len(tokenizer.encode("dimension").ids)]).shape[1]
        )

    def max_tokens(self, option: str) -> int:
        if not self._own_limit:
            raise EncoderError(f"{self.folder}: does not say how many tokens it reads; name it: {option} = …")
        return int(self._own_limit)

    def prompt(self, names: Sequence[str]) -> str:
        return next((str(self._prompts[name]) for name in names if self._prompts.get(name)), "")

    def tokenize(
        self, inputs: Sequence[str | tuple[str, str]], max_tokens: int
    ) -> tuple[list[list[int]], list[list[int]]]:
        """Numbers of the tokens of each text, and of the segment that each token is of."""
        encodings = self._tokenizer(max_tokens).encode_batch([self._cased(text) for text in inputs])
        return [encoding.ids for encoding in encodings], [encoding.type_ids for encoding in encodings]

    def count(self, inputs: Sequence[str | tuple[str, str]]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(inputs), _BLOCK):
            counts += [len(ids) for ids in self.tokenize(inputs[start : start + _BLOCK], 0)[0]]
        return counts

    def run(self, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """A vector for each text, as the model gives it."""
        shape = (len(ids), max(1, *(len(one) for one in ids)) if ids else 1)
        given = {
            "input_ids": np.full(shape, self._pad_id, dtype=np.int64),
            "attention_mask": np.zeros(shape, dtype=np.int64),
            "token_type_ids": np.zeros(shape, dtype=np.int64),
            "position_ids": np.tile(np.arange(shape[1], dtype=np.int64), (shape[0], 1)),
        }
        for row, (of_text, of_segments) in enumerate(zip(ids, types, strict=True)):
            given["input_ids"][row, : len(of_text)] = of_text
            given["attention_mask"][row, : len(of_text)] = 1
            given["token_type_ids"][row, : len(of_text)] = of_segments
        output = self._session.run(self._output, {name: given[name] for name in self._session.inputs})
        return output if output.ndim == 2 else _pooled(output, given["attention_mask"], self._pooling, self.folder)

    def _cased(self, text: str | tuple[str, str]) -> str | tuple[str, str]:
        if not self._lower:
            return text
        return text.lower() if isinstance(text, str) else (text[0].lower(), text[1].lower())

    def _tokenizer(self, max_tokens: int) -> Any:
        """One that cuts texts at ``max_tokens``; 0: one that does not."""
        with _lock:
            tokenizer = self._tokenizers.get(max_tokens)
            if tokenizer is None:
                tokenizer = self._new_tokenizer(self._tokenizer_json)
                tokenizer.no_padding()
                tokenizer.no_truncation()
                if self._with_eos:
                    append_eos(tokenizer, _eos(self.folder))
                if max_tokens:
                    tokenizer.enable_truncation(max_tokens)
                self._tokenizers[max_tokens] = tokenizer
        return tokenizer

    def _choose_output(self, pooling: Pooling) -> str:
        outputs = self._session.outputs
        if "sentence_embedding" in outputs and not pooling:
            return "sentence_embedding"
        chosen = next((name for name in ("last_hidden_state", "token_embeddings") if name in outputs), outputs[0])
        layers = {str(module.get("type", "")).rpartition(".")[2] for module in _modules(self.folder)}
        left_out = layers - {"Transformer", "Pooling", "Normalize", "Dropout"}
        if left_out:
            raise EncoderError(
                f"{self.folder}: the ONNX file ends before {', '.join(sorted(left_out))}; export the whole model "
                "(an output named sentence_embedding)"
            )
        return chosen


@dataclass(frozen=True, eq=False)
class _Session:
    """A model on a runtime: ``run`` gives one output for inputs by name."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    run: Any


_lock = threading.RLock()


@functools.cache
def _loaded(folder: str, file: str, runtime: Runtime, device: Device, pooling: Pooling, with_eos: bool) -> _Model:
    """The model, opened once per process."""
    with _lock:
        return _Model(Path(folder), file, runtime, device, pooling, with_eos)


def _chosen_device(runtime: Runtime, device: Device) -> str:
    """``cpu`` or ``cuda``. Raises `EncoderError`: a GPU is asked for that this runtime does not compute on."""
    if device == "cpu" or (device == "auto" and runtime == "openvino"):
        return "cpu"
    if runtime == "openvino":
        raise EncoderError("device 'cuda': OpenVINO computes on the CPU here; set runtime = 'onnxruntime'")
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return "cuda"
    if device == "auto":
        return "cpu"
    raise EncoderError(
        "device 'cuda': this ONNX Runtime computes on the CPU alone; install onnxruntime-gpu in place of onnxruntime, "
        "or set device = 'auto'"
    )


def _folder(model: str) -> Path:
    folder = Path(model)
    if not folder.is_dir():
        raise EncoderError(f"{model}: no such folder; an ONNX model is a folder with model.onnx and tokenizer.json")
    return folder.absolute()


def _model_file(folder: Path, file: str) -> Path:
    for name in (file,) if file else ("model.onnx", "onnx/model.onnx"):
        if (folder / name).is_file():
            return folder / name
    have = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in {".onnx", ".xml"})
    raise EncoderError(f"{folder}: no {file or 'model.onnx'}; have: {', '.join(have) or 'none'}; name it: file = …")


def _open(path: Path, runtime: Runtime, device: str) -> _Session:
    if runtime == "openvino":
        return _open_openvino(path)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # One thread a batch: threads that share a batch wait for one another after each of its operations.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=_PROVIDERS[device])
    except Exception as error:  # ONNX Runtime's errors have no base of their own
        raise EncoderError(f"{path}: ONNX Runtime cannot open it ({str(error).splitlines()[0]})") from error
    dtypes = {i.name: np.int32 if i.type == "tensor(int32)" else np.int64 for i in session.get_inputs()}

    def run(output: str, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        [result] = session.run([output], {name: array.astype(dtypes[name]) for name, array in given.items()})
        return np.asarray(result, dtype=np.float32)

    return _Session(tuple(dtypes), tuple(o.name for o in session.get_outputs()), run)


def _open_openvino(path: Path) -> _Session:
    try:
        openvino = importlib.import_module("openvino")
    except ModuleNotFoundError as error:
        raise MissingExtra(error.name or "openvino", "openvino") from error
    try:
        core = openvino.Core()
        model = core.read_model(str(path))
        compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:
        raise EncoderError(f"{path}: OpenVINO cannot open it ({str(error).splitlines()[0]})") from error
    requests = threading.local()

    def run(output: str, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        if not hasattr(requests, "own"):
            requests.own = compiled.create_infer_request()
        results = requests.own.infer(dict(given), share_outputs=False)
        return np.array(results[output], dtype=np.float32)

    return _Session(
        tuple(port.any_name for port in compiled.inputs), tuple(port.any_name for port in compiled.outputs), run
    )


def _own_pooling(folder: Path) -> str:
    """What the folder says of its pooling; empty where it says nothing."""
    paths = [str(m.get("path", "")) for m in _modules(folder) if str(m.get("type", "")).endswith(".Pooling")]
    config = _json(folder / (paths[0] if paths else "1_Pooling") / "config.json")
    if not config:
        return ""
    if config.get("include_prompt") is False:
        raise EncoderError(
            f"{folder}: pools without the prompt, which is not supported here; use sentence_transformers"
        )
    modes = [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)]
    given = config.get("pooling_mode")
    if given is not None:
        modes = [given] if isinstance(given, str) else list(given)
    return "+".join("last" if mode == "lasttoken" else mode for mode in modes)


def _pooled(tokens: NDArray[np.float32], mask: NDArray[np.int64], pooling: str, folder: Path) -> NDArray[np.float32]:
    if pooling == "cls":
        return tokens[:, 0]
    if pooling == "last":
        return np.asarray(tokens[np.arange(len(tokens)), mask.sum(axis=1) - 1])
    if pooling == "mean":
        summed: NDArray[np.float32] = np.einsum("btd,bt->bd", tokens, mask.astype(np.float32))
        return np.asarray(summed / mask.sum(axis=1, keepdims=True), dtype=np.float32)
    if pooling:
        raise EncoderError(f"{folder}: pooling {pooling!r} is not supported here; use sentence_transformers")
    raise EncoderError(f"{folder}: does not say how a text's token vectors become one; name it: pooling = 'mean'")


def _modules(folder: Path) -> list[dict[str, Any]]:
    path = folder / "modules.json"
    modules: list[dict[str, Any]] = json.loads(_read(path)) if path.is_file() else []
    return modules


def _tokenizer_limit(folder: Path) -> int:
    limit = _json(folder / "tokenizer_config.json").get("model_max_length") or 0
    return int(limit) if 0 < limit < _UNSET_LENGTH else 0


def _eos(folder: Path) -> str:
    token = _json(folder / "tokenizer_config.json").get("eos_token")
    text = token.get("content") if isinstance(token, dict) else token
    if not isinstance(text, str):
        raise EncoderError(f"{folder}: tokenizer_config.json names no eos_token to end texts with")
    return text


def _json(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is no such file."""
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise EncoderError(f"{path}: not JSON ({error})") from error
    return content if isinstance(content, dict) else {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EncoderError(
            f"{path}: cannot be read; an ONNX model is a folder with model.onnx and {path.name}"
        ) from error


@functools.cache
def _hash_of_files(folder: Path, file: str) -> str:
    """A hash of the model's files that decide its vectors."""
    model = _model_file(folder, file)
    used = [model, *sorted(model.parent.glob(f"{model.name}_data*")), *sorted(model.parent.glob(f"{model.name}.data*"))]
    if model.suffix == ".xml":
        used.append(model.with_suffix(".bin"))
    used += sorted(path for path in folder.rglob("*.json") if "onnx" not in path.relative_to(folder).parts)
    digest = hashlib.sha256()
    for path in used:
        if path.is_file():
            with path.open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()[:16]


COMPONENT: type[Encoder] = ONNX
