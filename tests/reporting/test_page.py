"""The results page: one file that says what the results say, whatever stands in them."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cuealign.core.vocabulary import INVALID
from cuealign.reporting.page.build import leads, page_html, size, unbroken
from cuealign.reporting.page.chart import chart, common_scale
from cuealign.reporting.page.content import Drawing, Point, Sound
from cuealign.reporting.page.cover import cover_html, part_of
from cuealign.reporting.page.packing import json_for_html, packed, unpacked
from tests.support.pages import HOSTILE, KEYS, SVG, made_up_page


class Reader(HTMLParser):
    """Elements of a page with their attributes, and the text of its scripts, as a browser splits it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.text: list[str] = []
        self._script: str | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._script = dict(attrs).get("id", "code") if tag == "script" else None

    def handle_endtag(self, tag):
        if tag == "script":
            self._script = None

    def handle_data(self, data):
        if self._script is None:
            self.text.append(data)
        else:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data


def parts(html: str) -> list[tuple[str, tuple[str, ...]]]:
    """Shape of a page: every element with the names of its attributes."""
    return [(tag, tuple(sorted(attributes))) for tag, attributes in Reader(html).elements]


@pytest.fixture(scope="module")
def page():
    return made_up_page()


@pytest.fixture(scope="module")
def html(page):
    return page_html(page)


def test_the_same_content_gives_the_same_bytes(page, html):
    assert page_html(made_up_page()) == html
    assert page_html(replace(page, split="other")) != html


def test_texts_cannot_become_markup(html):
    """A page full of markup has the same elements, with the same attributes, as a page of plain words."""
    hostile = made_up_page(hostile=True)
    written = page_html(hostile)
    assert parts(written) == parts(html)
    reader = Reader(written)
    text = "".join(reader.text)
    for said in (hostile.title, *(verdict.sentence for verdict in hostile.verdicts), *hostile.methods, hostile.tables[0].note):
        assert said in text
    header = json.loads(reader.scripts["study"])
    assert header["labels"] == [*hostile.labels, INVALID]
    assert json.loads(unpacked(reader.scripts["utterances"]))["utterance"] == hostile.utterances.columns["utterance"]


def test_hostile_texts_of_the_cover_stay_texts():
    plain, hostile = (cover_html([part_of(made_up_page(hostile=nasty), "a.html")] * 2) for nasty in (False, True))
    assert parts(plain) == parts(hostile)


@pytest.mark.parametrize("text", HOSTILE)
def test_json_breaks_out_of_no_script(text):
    written = json_for_html({text: [text]})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {text: [text]}


def test_the_policy_allows_only_the_pages_own_script_and_style(html):
    (policy,) = [each["content"] for tag, each in Reader(html).elements if tag == "meta" and "http-equiv" in each]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert "http" not in policy
    assert rules["media-src"] == "'none'"
    for _, attributes in Reader(html).elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]


def test_nothing_is_loaded_from_elsewhere(html):
    for _, attributes in Reader(html).elements:
        for name in ("src", "href", "data", "action", "poster", "srcset"):
            assert (attributes.get(name) or "#").startswith("#")


def test_the_explorer_holds_what_the_models_answered(page, html):
    scripts, count = Reader(html).scripts, len(page.utterances.durations)
    header = json.loads(scripts["study"])
    for number, answers in enumerate(page.answers):
        found = np.frombuffer(unpacked(scripts[f"predictions-{number}"]), np.uint8).reshape(len(KEYS), count)
        np.testing.assert_array_equal(found, answers.predictions)
        assert header["models"][number]["probabilities"] == (answers.probabilities is not None)
    low, high = np.frombuffer(unpacked(scripts["probabilities-0"]), np.uint8).reshape(2, *page.answers[0].probabilities.shape).astype(int)
    np.testing.assert_array_equal(low + 256 * high, page.answers[0].probabilities)
    assert "probabilities-1" not in scripts
    assert unpacked(scripts["drawing-0"]) == SVG
    assert unpacked(scripts["csv-0"]).decode() == page.tables[0].csv


def test_rows_of_tables_lead_to_their_model_and_condition(page):
    assert leads(page.tables[0], page)[:3] == ["#m=one&c=correct/0/0", "#m=one&c=conflict/0/0", "#m=one&c=shuffle/0/0"]
    elsewhere = replace(page.tables[0], rows=[["another corpus", *page.tables[0].rows[0][1:]]])
    assert leads(elsewhere, page) == [""]
    without_models = replace(page.tables[0], columns=["Dataset", "UAR"], rows=[[page.title, ".5"]])
    assert leads(without_models, page) == [""]


def test_intervals_in_cells_stay_on_one_line():
    """On the screen: print may break them where the element says."""
    assert unbroken("a b [.1, .2] c [x") == "a b [.1,\u00a0<wbr>.2] c [x"
    assert unbroken("[<b>, &]") == "[&lt;b&gt;,\u00a0<wbr>&amp;]"


def test_tables_without_rows_say_why(html):
    assert "Nothing was run." in "".join(Reader(html).text)


def test_sizes_of_drawings_are_read_from_their_first_tag():
    assert size(Drawing("x", SVG, "", "")) == (192, 96)  # 72 points are 96 CSS pixels
    assert size(Drawing("x", b"<svg viewBox='0 0 1 1'><rect width='9pt'/></svg>", "", "")) == (0, 0)


def test_embedded_sound_is_allowed_and_held(page):
    written = page_html(replace(page, sound=Sound(embedded={3: b"OggS"})))
    assert base64.b64decode(Reader(written).scripts["sound-3"]) == b"OggS"
    assert "media-src data:;" in written


@given(st.binary(max_size=300))
def test_packing_loses_nothing(content):
    assert unpacked(packed(content)) == content
    assert packed(content) == packed(content)


def test_packed_arrays_are_little_endian():
    assert unpacked(packed(np.array([1, 256], ">u2"))) == b"\x01\x00\x00\x01"


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), max_size=8), st.integers(2, 6))
def test_every_point_lies_within_its_chart(bounds, labels):
    points = [Point("t", "none/0/0", value, min(value, low), max(value, high)) for value, low, high in bounds]
    drawn = chart(points, labels, common_scale(points, labels))
    for _, _, x, low, high in drawn.marks:
        assert 118 <= low <= x <= high <= 400
    ticks = [x for x, _ in drawn.ticks]
    assert ticks == sorted(ticks)


def test_points_without_interval_are_drawn():
    nan = float("nan")
    ((_, _, x, low, high),) = chart([Point("t", "none/0/0", 0.5, nan, nan)], 2, (0.0, 1.0)).marks
    assert x == low == high
