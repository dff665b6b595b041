"""The cover of a study: the verdicts of all its pages, with links."""

from collections.abc import Sequence

from pydantic.dataclasses import dataclass

from cuealign.reporting.page.build import QUESTION, render
from cuealign.reporting.page.content import Page


@dataclass(frozen=True)
class Brief:
    """A verdict on the cover.

    Attributes:
        title, colour: of the model.
        verdict, sentence, cautions: on it.
    """

    title: str
    colour: str
    verdict: str
    sentence: str
    cautions: list[str]


@dataclass(frozen=True)
class Part:
    """What the cover says of a page.

    Attributes:
        title, split: of the page.
        link: file name of the page, which lies beside the cover.
        cautions: about the dataset.
        verdicts: on its models.
    """

    title: str
    split: str
    link: str
    cautions: list[str]
    verdicts: list[Brief]


def part_of(page: Page, link: str) -> Part:
    """What the cover says of a page that has the file name ``link``."""
    verdicts = [Brief(each.title, each.colour, each.verdict, each.sentence, list(each.cautions)) for each in page.verdicts]
    return Part(page.title, page.split, link, list(page.cautions), verdicts)


def cover_html(parts: Sequence[Part]) -> str:
    """The cover as HTML."""
    return render("cover.html", question=QUESTION, parts=parts)
