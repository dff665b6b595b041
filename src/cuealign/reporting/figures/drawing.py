"""From a figure of the registry to a picture with all that is said of it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib.figure import Figure

from cuealign.config.entries.figure_style import FigureStyle
from cuealign.core.registry import PluginOptions
from cuealign.reporting.escaping import CENTRED, latex, one_line
from cuealign.reporting.figures import FIGURES
from cuealign.reporting.figures.fonts import families
from cuealign.reporting.figures.places import places
from cuealign.reporting.figures.style import Page, add_cautions, millimetres, styled
from cuealign.reporting.results import Results


@dataclass(frozen=True)
class Text:
    """What is said of a picture.

    Attributes:
        caption: what is shown, with the numbers of this study.
        alternative_text: what is to be seen.
        cautions: sentences that belong beside the numbers.
        columns: of a paper that the picture fills.
    """

    caption: str
    alternative_text: str
    cautions: tuple[str, ...]
    columns: int

    @property
    def whole(self) -> str:
        """Caption and cautions."""
        return " ".join([self.caption, *(f"Caution: {caution}" for caution in self.cautions)])

    def json(self, picture: Figure) -> str:
        """All of it, as the results page reads it.

        Args:
            picture: that has been saved; the utterances behind its points are added.
        """
        said = {"caption": self.caption, "alternative_text": self.alternative_text, "cautions": list(self.cautions)}
        return json.dumps(said | {"places": places(picture)}, ensure_ascii=False, indent=1) + "\n"

    def tex(self, picture: str) -> str:
        """LaTeX environment ``figure``, or ``figure*`` for both columns of a page; needs the package graphicx.

        Args:
            picture: name of the PDF.
        """
        environment = "figure" if self.columns == 1 else "figure*"
        lines = [
            f"% Alternative text: {one_line(self.alternative_text)}",
            rf"\begin{{{environment}}}[t]",
            CENTRED,
            rf"\includegraphics[width=\linewidth]{{{picture}}}",
            rf"\caption{{{latex(self.whole)}}}\label{{fig:{picture.removesuffix('.pdf')}}}",
            rf"\end{{{environment}}}",
        ]
        return "\n".join([*lines, ""])


def page_of(style: FigureStyle, columns: int, colours: Mapping[str, str]) -> Page:
    """What a figure is drawn for.

    Args:
        style: of all figures.
        columns: of a paper that it fills.
        colours: of the models of the study.
    """
    return Page(columns, millimetres(style.column if columns == 1 else style.page), style.titles, colours)


@contextmanager
def drawn(
    figure: str, results: Results, page: Page, options: PluginOptions, scope: Mapping[str, str], *, font: str, caption: str
) -> Iterator[tuple[Figure, Text]]:
    """Draw a figure; inside of the block it can be saved.

    Args:
        figure: name in the registry.
        results: of the study.
        page: what it is drawn for.
        options: of the figure.
        scope: what this drawing shows.
        font: family; others fill in what it lacks.
        caption: in the place of that of the figure, if it makes none from the results.

    Raises:
        InputError: if no installed font has a character of a label or a title.
    """
    module = FIGURES.module(figure)
    cautions = results.cautions(**scope) if hasattr(module, "NEEDS") else results.cautions_of_corpora(**scope)
    said = module.caption(results, **scope) if hasattr(module, "caption") else caption
    seen = module.describe(results, options, **scope) if hasattr(module, "describe") else said
    entries = [*results.datasets.values(), *results.models.values()]
    written = [*(entry.title for entry in entries), *(label for entry in results.datasets.values() for label in entry.labels)]
    with styled(families(font, map(one_line, [*written, *cautions]))):
        picture = module.draw(results, page, options, **scope)
        add_cautions(picture, page, cautions)
        yield picture, Text(one_line(said), one_line(seen), tuple(cautions), page.columns)
