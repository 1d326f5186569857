"""A network whose weights are stored as blocks of 8 bits, as the same network with plain numbers.

The face networks come in a package in that form, and neither OpenCV nor ONNX Runtime can run them so. ONNX is protocol
buffers: fields of a number and a value. Only what is needed is read here; what a digest vouches for is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

_GRAPH, _NODE, _INITIALIZER, _INPUT, _OUTPUT, _BETWEEN = 7, 1, 5, 11, 12, 13  # fields of a model and of its graph
_LARGE: Final = 16  # lengths above it grow with the picture, those below are channels
_TYPES: Final = {1: np.float32, 2: np.uint8, 3: np.int8}
Array = npt.NDArray[np.generic]
Field = tuple[int, int, bytes | int]  # number, kind, value


def plain(model: bytes) -> bytes:
    """The model with every `DequantizeLinear` of stored weights worked out."""
    return b"".join(
        _field(number, kind, _plain_graph(value) if number == _GRAPH and isinstance(value, bytes) else value)
        for number, kind, value in _fields(model)
    )


def sizeless(model: bytes) -> bytes:
    """The model for pictures of any size: what it says of the one size it was exported for is taken out."""
    return b"".join(
        _field(number, kind, _sizeless_graph(value) if number == _GRAPH and isinstance(value, bytes) else value)
        for number, kind, value in _fields(model)
    )


def _sizeless_graph(graph: bytes) -> bytes:
    return b"".join(
        _field(number, kind, _sizeless_value(value) if number in (_INPUT, _OUTPUT) else value)
        for number, kind, value in _fields(graph)
        if number != _BETWEEN
    )


def _sizeless_value(info: bytes | int) -> bytes:
    """Name 1, type 2 > tensor 1 > shape 2 > dimension 1 > length 1 or name 2."""
    (_, _, name), (_, _, kind) = _fields(info)
    [(_, _, tensor)] = _fields(kind)
    (_, _, element), (_, _, shape) = _fields(tensor)
    made = b""
    for place, (_, _, dimension) in enumerate(_fields(shape)):
        [(_, _, length)] = _fields(dimension)
        free = isinstance(length, int) and length > _LARGE
        made += _field(1, 2, _field(2, 2, _text(name).encode() + b"_%d" % place) if free else _field(1, 0, length))
    return _field(1, 2, name) + _field(2, 2, _field(1, 2, _field(1, 0, element) + _field(2, 2, made)))


def _plain_graph(graph: bytes) -> bytes:
    weights = dict(_tensor(value) for number, _, value in _fields(graph) if number == _INITIALIZER)
    made: list[bytes] = []
    used: set[str] = set()
    asked: set[str] = set()
    for number, kind, value in _fields(graph):
        if number == _NODE and isinstance(value, bytes) and (node := _stored_weights(value, weights)):
            name, inputs, array = node
            made.append(_field(_INITIALIZER, 2, _packed(name, array)))
            used.update(inputs)
            continue
        if number == _NODE:
            asked.update(_text(one) for place, _, one in _fields(value) if place == 1)
        if number not in (_INITIALIZER, _INPUT):
            made.append(_field(number, kind, value))
    for number, kind, value in _fields(graph):
        if number == _INITIALIZER and _tensor(value)[0] not in used:
            made.append(_field(number, kind, value))
        if number == _INPUT and _named(value) in asked - weights.keys():  # some exports list weights as inputs
            made.append(_field(number, kind, value))
    return b"".join(made)


def _stored_weights(node: bytes, weights: dict[str, Array]) -> tuple[str, list[str], Array] | None:
    """Output, inputs and numbers of a node that only unpacks weights; None for any other."""
    parts = list(_fields(node))
    inputs = [_text(value) for number, _, value in parts if number == 1]
    if b"DequantizeLinear" not in [value for number, _, value in parts if number == 4] or inputs[0] not in weights:
        return None
    options = dict(_option(value) for number, _, value in parts if number == 5)
    stored, scale, zero = (weights[name].astype(np.float32) for name in inputs)
    axis, block = options.get("axis", 1), options.get("block_size", 0)
    if block:
        scale, zero = (np.repeat(one, block, axis).take(range(stored.shape[axis]), axis) for one in (scale, zero))
    elif scale.size > 1:
        shape = [-1 if one == axis else 1 for one in range(stored.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    output = next(_text(value) for number, _, value in parts if number == 2)
    return output, inputs, np.asarray((stored - zero) * scale, np.float32)


def _option(attribute: bytes | int) -> tuple[str, int]:
    parts = {number: value for number, _, value in _fields(attribute)}
    number = parts.get(3, 0)
    return _text(parts[1]), number if isinstance(number, int) else 0


def _tensor(content: bytes | int) -> tuple[str, Array]:
    shape: list[int] = []
    name, kind, raw = "", 1, b""
    for number, _, value in _fields(content):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = _text(value)
        elif number in (4, 9) and isinstance(value, bytes):  # packed numbers, or their bytes: the same for floats
            raw = value
    return name, np.frombuffer(raw, _TYPES.get(kind, np.uint8)).reshape(shape if kind in _TYPES else -1)


def _packed(name: str, array: Array) -> bytes:
    shape = b"".join(_field(1, 0, size) for size in array.shape)
    return shape + _field(2, 0, 1) + _field(8, 2, name.encode()) + _field(9, 2, array.tobytes())


# --- protocol buffers ---------------------------------------------------------------------------------------------


def _fields(content: bytes | int) -> Iterator[Field]:
    assert isinstance(content, bytes)
    at = 0
    while at < len(content):
        key, at = _number(content, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(content, at)
            yield key >> 3, kind, value
            continue
        size, at = _number(content, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
        yield key >> 3, kind, content[at : at + size]
        at += size


def _number(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (content[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if content[at - 1] < 128:
            return value, at


def _field(number: int, kind: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | kind) + _varint(value)
    return _varint(number << 3 | kind) + (_varint(len(value)) if kind == 2 else b"") + value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def _named(info: bytes | int) -> str:
    return _text(next(_fields(info))[2])


def _text(value: bytes | int) -> str:
    assert isinstance(value, bytes)
    return value.decode()
