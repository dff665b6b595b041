"""The demo's page, from the results of ``make demo``."""

import pytest

from tests.support import ROOT

PAGE = ROOT / "results/report/index.html"


@pytest.fixture
def tab(open_file):
    if not PAGE.is_file():
        pytest.skip("no results here: make demo first")
    return open_file(PAGE)


def test_it_opens_and_lists_every_utterance(tab):
    assert tab.found() == 960
    assert tab.page.locator(".verdict").count() == 6
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("blob:")] == [PAGE.as_uri()]


def test_its_sound_plays(tab):
    tab.page.click("#row-0")
    tab.page.wait_for_selector("#detail audio")
    tab.page.evaluate("document.querySelector('#detail audio').play()")
    tab.settle("document.querySelector('#detail audio').currentTime > 0.1")


def test_every_figure_is_drawn(tab):
    widths = tab.page.evaluate("[...document.querySelectorAll('.figures img')].map((image) => image.naturalWidth)")
    assert len(widths) == len(list((ROOT / "results/figures").glob("*.svg")))
    assert min(widths) > 0
