"""The little of the ONNX file format that `minilm` needs: read the tensors of a model, write a model.

ONNX files are protocol buffers; the field numbers below are those of ``onnx.proto`` (ONNX IR
specification, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). The `onnx` package does the same
and more, but takes longer to import than a whole question may take to answer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 6: np.int32, 7: np.int64}
_CODES = {np.dtype(dtype): code for code, dtype in _DTYPES.items()}
FLOAT, INT64 = 1, 7


def read_tensors(model: bytes) -> dict[str, NDArray[Any]]:
    """Name → array for every initializer of a serialised ``ModelProto``; arrays share its memory."""
    tensors: dict[str, NDArray[Any]] = {}
    for number, graph in _fields(memoryview(model)):
        if number == 7 and isinstance(graph, memoryview):
            for inner, tensor in _fields(graph):
                if inner == 5 and isinstance(tensor, memoryview):
                    name, array = _tensor(tensor)
                    tensors[name] = array
    return tensors


class GraphWriter:
    """Collects nodes and weights, then serialises them as a ``ModelProto``."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._tensors: list[bytes] = []

    def tensor(self, name: str, array: NDArray[Any]) -> str:
        """Add weights; returns ``name``."""
        data = np.ascontiguousarray(array)
        self._tensors.append(
            b"".join(_integer(1, size) for size in data.shape)
            + _integer(2, _CODES[data.dtype])
            + _bytes(8, name.encode())
            + _bytes(9, data.tobytes())
        )
        return name

    def node(
        self, op: str, inputs: Sequence[str], outputs: str | Sequence[str], domain: str = "", **attributes: Any
    ) -> str:
        """Add one operation; returns its first output's name. Attributes are int, float or list of int."""
        names = [outputs] if isinstance(outputs, str) else list(outputs)
        self._nodes.append(
            b"".join(_bytes(1, name.encode()) for name in inputs)
            + b"".join(_bytes(2, name.encode()) for name in names)
            + _bytes(4, op.encode())
            + b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
            + (_bytes(7, domain.encode()) if domain else b"")
        )
        return names[0]

    def model(
        self,
        inputs: Mapping[str, tuple[int, Sequence[str | int]]],
        outputs: Mapping[str, tuple[int, Sequence[str | int]]],
        opsets: Mapping[str, int],
    ) -> bytes:
        """The model. ``inputs`` and ``outputs``: name → (element type, shape); ``opsets``: domain → version."""
        graph = b"".join(
            [
                *(_bytes(1, node) for node in self._nodes),
                _bytes(2, b"graph"),
                *(_bytes(5, tensor) for tensor in self._tensors),
                *(_bytes(11, _value(name, *kind)) for name, kind in inputs.items()),
                *(_bytes(12, _value(name, *kind)) for name, kind in outputs.items()),
            ]
        )
        versions = b"".join(_bytes(8, _bytes(1, domain.encode()) + _integer(2, v)) for domain, v in opsets.items())
        return _integer(1, 9) + _bytes(7, graph) + versions


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire == 2:
            size, position = _varint(data, position)
            yield number, data[position : position + size]
            position += size
        else:
            size = {1: 8, 5: 4}[wire]
            yield number, data[position : position + size]
            position += size


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    shape: list[int] = []
    name, code, raw = "", FLOAT, memoryview(b"")
    for number, value in _fields(data):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 1 and isinstance(value, memoryview):
            position = 0
            while position < len(value):
                size, position = _varint(value, position)
                shape.append(size)
        elif number == 2 and isinstance(value, int):
            code = value
        elif number == 8 and isinstance(value, memoryview):
            name = value.tobytes().decode()
        elif number == 9 and isinstance(value, memoryview):
            raw = value
    if code not in _DTYPES or not raw:
        return name, np.zeros(0, np.float32)
    return name, np.frombuffer(raw, dtype=_DTYPES[code]).reshape(shape)


def _encode_varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _integer(number: int, value: int) -> bytes:
    return _encode_varint(number << 3) + _encode_varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _encode_varint(number << 3 | 2) + _encode_varint(len(value)) + value


def _attribute(name: str, value: Any) -> bytes:
    head = _bytes(1, name.encode())
    if isinstance(value, float):
        return head + _encode_varint(2 << 3 | 5) + struct.pack("<f", value) + _integer(20, 1)
    if isinstance(value, int):
        return head + _integer(3, value) + _integer(20, 2)
    return head + b"".join(_integer(8, item) for item in value) + _integer(20, 7)


def _value(name: str, element: int, shape: Sequence[str | int]) -> bytes:
    dims = b"".join(
        _bytes(1, _bytes(2, size.encode()) if isinstance(size, str) else _integer(1, size)) for size in shape
    )
    tensor = _integer(1, element) + _bytes(2, dims)
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))
