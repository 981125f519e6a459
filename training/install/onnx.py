"""Weights out of ONNX files, as torch called them: a reader of the little that is needed of the format.

fp32, and int8 as onnxruntime's quantisers write it (a tensor `…_quantized` with its scale and zero point).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_TYPES = {
    1: "<f4",
    2: "u1",
    3: "i1",
    6: "<i4",
    7: "<i8",
    9: "?",
    10: "<f2",
    11: "<f8",
}
_NARROW = (2, 3, 6)  # what may stand in the list of 32-bit numbers
_FLOATS = (np.float32, np.float16)


@dataclass(frozen=True)
class Node:
    """An operation of the graph. `value` is the tensor of a constant."""

    operation: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    value: memoryview | None = None


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of the wire format, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """(number, value) of the message's fields; a value is an int or the bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        kind = tag & 7
        if kind == 0:
            value: Any
            value, at = varint(data, at)
        else:
            size, at = _length(data, at, kind)
            value = data[at : at + size]
            at += size
        yield tag >> 3, value


def _length(data: memoryview, at: int, kind: int) -> tuple[int, int]:
    if kind == 2:
        return varint(data, at)
    if kind in (1, 5):
        return (8 if kind == 1 else 4), at
    raise ValueError(f"wire type {kind}")


def _numbers(data: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        found.append(value - (1 << 64) if value >> 63 else value)
    return found


def tensor(data: memoryview) -> tuple[str, Array | None]:
    """The name and the values; None for a type that no weight has."""
    shape: list[int] = []
    kind, name, raw, floats, small = 1, "", None, b"", []
    for number, value in fields(data):
        if number == 1:
            shape += [value] if isinstance(value, int) else _numbers(value)
        elif number == 2:
            kind = value
        elif number == 4:
            floats += bytes(value)
        elif number == 5:
            small += [value] if isinstance(value, int) else _numbers(value)
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            raw = value
    if kind not in _TYPES:
        return name, None
    if raw is None:
        raw = np.array(small).astype(_TYPES[kind]).tobytes() if kind in _NARROW else floats
    return name, np.frombuffer(raw, _TYPES[kind]).reshape(shape)


def _node(data: memoryview) -> Node:
    texts: dict[int, list[str]] = {1: [], 2: [], 3: [], 4: []}
    value = None
    for number, found in fields(data):
        if number in texts:
            texts[number].append(bytes(found).decode())
        elif number == 5:
            attribute = dict(fields(found))
            if bytes(attribute.get(1, b"")) == b"value":
                value = attribute.get(5)
    name, operation = (next(iter(texts[number]), "") for number in (3, 4))
    return Node(operation, name, texts[1], texts[2], value)


def read(data: bytes) -> tuple[dict[str, Array], list[Node]]:
    """(weights by name, operations) of the model's graph."""
    graph = next(value for number, value in fields(memoryview(data)) if number == 7)
    weights: dict[str, Array] = {}
    nodes = []
    for number, value in fields(graph):
        if number == 5:
            name, array = tensor(value)
            if array is not None:
                weights[name] = array
        elif number == 1:
            nodes.append(_node(value))
    for node in nodes:
        _resolve(node, weights)
    return weights, nodes


def _resolve(node: Node, weights: dict[str, Array]) -> None:
    """A constant, or another name of a weight, is a weight too."""
    if node.operation == "Constant" and node.value is not None:
        array = tensor(node.value)[1]
        if array is not None:
            weights.setdefault(node.outputs[0], array)
    elif node.operation == "Identity" and node.inputs[0] in weights:
        weights[node.outputs[0]] = weights[node.inputs[0]]


def full(weights: dict[str, Array], name: str) -> Array | None:
    """The weight in fp32, whether it is kept so or quantised; None when it is not there."""
    kept = weights.get(name)
    if kept is not None and kept.dtype in _FLOATS:
        return kept.astype(np.float32)
    stem = re.sub(r"(_DequantizeLinear_Output|_quantized)$", "", name)
    if f"{stem}_quantized" not in weights:
        return None
    zero = weights.get(f"{stem}_zero_point")
    shift = 0 if zero is None else zero.astype(np.float32)
    whole = weights[f"{stem}_quantized"].astype(np.float32)
    return np.asarray((whole - shift) * weights[f"{stem}_scale"], np.float32)


def state(data: bytes) -> dict[str, Array]:
    """Parameters by the names that they had in torch, in fp32.

    The exporter turns the matrix of a linear layer around and calls it by a number: there the operation's name tells.
    """
    weights, nodes = read(data)
    found: dict[str, Array] = {}
    for name, array in weights.items():
        if name.startswith(("onnx::", "/")) or name.endswith(("_scale", "_zero_point")):
            continue
        if name.endswith("_quantized") or ("." in name and array.dtype in _FLOATS):
            whole = full(weights, name)
            if whole is not None:
                found[name.removesuffix("_quantized")] = whole
    for node in nodes:
        if node.operation in ("MatMul", "MatMulInteger"):
            matrix = full(weights, node.inputs[1])
            if matrix is not None and matrix.ndim == 2:
                called = re.sub(r"/MatMul.*$", "", node.name).strip("/").replace("/", ".")
                found[f"{called}.weight"] = np.ascontiguousarray(matrix.T)
    return found
