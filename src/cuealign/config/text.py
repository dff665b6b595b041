"""Text of a config as files can hold it: halves of a character are joined, and a half alone is refused."""

from collections.abc import Iterator, Mapping
from typing import Any

from cuealign.core.characters import half, whole
from cuealign.core.validation import key_path


def joined(values: Any) -> Any:
    """Plain values with whole characters in all keys and texts.

    JSON writes an emoji as two halves, which YAML and the command line leave apart.
    """
    if isinstance(values, str):
        return whole(values)
    if isinstance(values, Mapping):
        return {joined(key): joined(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return type(values)(joined(value) for value in values)
    return values


def unusable(values: Any, place: tuple[Any, ...] = (), above: tuple[int, ...] = ()) -> Iterator[str]:
    """One line per key or text with half of a character, and per list or mapping that contains itself.

    Args:
        values: plain values.
        place: keys and indices of the values in the config.
        above: identities of what the values stand in.
    """
    if id(values) in above:
        yield f"{key_path('', place)}: contains itself by an alias (*); write it out"
        return
    if isinstance(values, str) and (found := half(values)):
        yield (
            f"{key_path('', place)}: contains U+{ord(found):04X}, half of a character, which no file can hold; "
            "write the character itself, or take it out"
        )
    items = values.items() if isinstance(values, Mapping) else enumerate(values) if isinstance(values, list | tuple) else ()
    for key, value in items:
        if isinstance(values, Mapping) and isinstance(key, str) and half(key):
            yield from unusable(key, (*place, key))
        yield from unusable(value, (*place, key), (*above, id(values)))
