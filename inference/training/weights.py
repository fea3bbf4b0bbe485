"""Writes files of trained weights, as the Go package inference/weights reads them.

The format is documented in inference/weights/weights.go.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import struct
from collections.abc import Mapping

import numpy as np

MAGIC = b"ODORDIFF"
VERSION = 1
TYPES = {"float16": "<f2", "float32": "<f4"}


def write(
    path: str | pathlib.Path,
    tensors: Mapping[str, np.ndarray],
    metadata: object,
    dtype: str = "float16",
    exact: frozenset[str] | set[str] = frozenset(),
) -> int:
    """Writes the tensors as dtype, those named in exact as float32, and returns the file's size."""
    entries, payload = [], []
    for name, values in tensors.items():
        kind = "float32" if name in exact else dtype
        with np.errstate(over="ignore"):
            stored = np.ascontiguousarray(values, dtype=TYPES[kind])
        if not np.isfinite(stored).all():
            raise ValueError(f"tensor {name} has values that {kind} cannot hold")
        if stored.ndim == 0:
            raise ValueError(f"tensor {name} is a scalar")
        entries.append({"name": name, "shape": list(stored.shape), "dtype": kind})
        payload.append(stored.tobytes())
    header = json.dumps({"tensors": entries, "metadata": metadata}, ensure_ascii=False, separators=(",", ":")).encode()
    body = MAGIC + struct.pack("<II", VERSION, len(header)) + header + b"".join(payload)
    data = body + hashlib.sha256(body).digest()
    pathlib.Path(path).write_bytes(data)
    return len(data)


def read(path: str | pathlib.Path) -> tuple[dict[str, np.ndarray], object]:
    """Returns a file's tensors as float32, and its metadata."""
    data = pathlib.Path(path).read_bytes()
    if data[:8] != MAGIC or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise ValueError(f"{path} is not a sound file of weights")
    length = struct.unpack("<II", data[8:16])[1]
    header, at, tensors = json.loads(data[16 : 16 + length]), 16 + length, {}
    for entry in header["tensors"]:
        dtype = np.dtype(TYPES[entry["dtype"]])
        count = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = np.frombuffer(data, dtype, count, at).reshape(entry["shape"]).astype(np.float32)
        at += count * dtype.itemsize
    return tensors, header["metadata"]
