"""One colour and one marker for every model of a study, the same in all of its figures."""

from collections.abc import Iterable, Mapping

from cuealign.config.entries.model import Model

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#332288", "#999933")
"""Safe for colour-blind readers: Okabe and Ito, Color Universal Design, 2008, without black and yellow, and two of Tol's, 2021."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
CONTROL = "#8a8a8a"
"""Of control models."""


def model_colours(models: Mapping[str, Model], names: Iterable[str]) -> dict[str, str]:
    """A colour for each of the models of a study, in their order; control models are grey."""
    names = list(dict.fromkeys(names))
    asked = [name for name in names if models[name].kind != "control"]
    return {name: COLOURS[asked.index(name) % len(COLOURS)] if name in asked else CONTROL for name in names}
