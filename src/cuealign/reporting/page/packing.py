"""Large arrays and texts as small text that a page holds, and values as JSON that no text can break out of."""

import base64
import gzip
import json
from typing import Any

import numpy as np


def packed(content: bytes | str | np.ndarray) -> str:
    """Compressed content as base64; arrays as their little-endian bytes, last axis first. The same content gives the same text."""
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content, content.dtype.newbyteorder("<")).tobytes()
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode("ascii")


def unpacked(text: str) -> bytes:
    """The content of :func:`packed` text."""
    return gzip.decompress(base64.b64decode(text))


def json_for_html(value: Any) -> str:
    """JSON that may stand in a ``<script>`` element: it holds no ``<``, ``>`` and ``&``."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")
