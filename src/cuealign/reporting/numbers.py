"""Numbers as papers print them."""

import math
from collections.abc import Callable

import pandas as pd

_SMALLEST = 1e-300
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """Write a share as papers do, such as .754; a missing value gives a dash."""
    if pd.isna(value):
        return "–"
    text = f"{abs(value):.{digits}f}".removeprefix("0")
    return f"−{text}" if value < 0 and float(f"{value:.{digits}f}") != 0 else text


def signed(value: float, digits: int = 3) -> str:
    """A difference with its sign: +.022."""
    text = number(value, digits)
    return text if text[0] in "−–" else f"+{text}"


def interval(low: float, high: float, *, sign: bool = False) -> str:
    """A confidence interval: [.731, .779]."""
    shown = signed if sign else number
    return "–" if pd.isna(low) else f"[{shown(low)}, {shown(high)}]"


def stacked(*lines: str) -> str:
    """A cell of several lines; lines of which there is nothing to say are left out."""
    return "\n".join(line for line in lines if line not in ("", "–")) or "–"


def with_interval(values: pd.DataFrame, name: str, *, shown: Callable[[float], str]) -> list[str]:
    """Cells of a quantity with its interval below, from the columns ``name``, ``name_low`` and ``name_high``."""
    columns = values[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False, name=None)
    return [stacked(shown(value), interval(low, high, sign=shown is signed)) for value, low, high in columns]


def p_value(value: float) -> str:
    """A p-value: .014, or 4×10⁻⁷ where it is smaller; one beyond the range of numbers is <10⁻³⁰⁰, and none is 0."""
    if pd.isna(value):
        return "–"
    if value < _SMALLEST:
        return "<10⁻³⁰⁰"
    if value >= 1e-4:
        return number(value, 4)
    return power(value)


def power(value: float) -> str:
    """A small number by its power of ten: 4×10⁻⁷; 0 is 0."""
    if value == 0:
        return "0"
    digit, _, exponent = f"{value:.0e}".partition("e")
    return f"{digit}×10{str(int(exponent)).translate(_RAISED)}"


def below_value(limit: float) -> str:
    """A limit that a p-value lies below, as papers write it: .05, 10⁻⁴."""
    exponent = round(math.log10(limit))
    return f"10{str(exponent).translate(_RAISED)}" if limit < 1e-2 and math.isclose(limit, 10.0**exponent) else number(limit, 2)
