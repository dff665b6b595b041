"""The results page in a real browser, opened from disk."""

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

from cuealign.core.vocabulary import CONCEPTS
from cuealign.reporting.page.build import page_html
from cuealign.reporting.page.content import NOT_ASKED, Sound, Table
from cuealign.reporting.page.cover import cover_html, part_of
from cuealign.reporting.page.sound import renumbered
from tests.support.pages import INVALID_CODE, KEYS, made_up_page
from tests.support.sound import tone

CORRECT, CONFLICT, NONE = (next(n for n, key in enumerate(KEYS) if key[0] == name) for name in ("correct", "conflict", "none"))

_EDGE = 2.1
"""Pixels by which the edge of a place is wider than it, on both sides together."""


@pytest.fixture(scope="module")
def page():
    return made_up_page()


def gold(page) -> np.ndarray:
    return np.array([page.labels.index(label) for label in page.utterances.columns["label"]])


@pytest.mark.parametrize("hostile", [False, True])
def test_it_opens_without_a_complaint_or_a_request(open_page, hostile):
    tab = open_page(made_up_page(hostile=hostile))
    title = tab.page.title()
    assert tab.found() == 60
    for row in range(3):
        tab.page.click(f"#row-{row}")
        tab.page.wait_for_selector("#detail .condition")
    tab.page.click("#detail button")  # opens all conditions
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith(("file:", "blob:"))] == []
    assert len([url for url in tab.requests if url.startswith("file:")]) == 1
    assert tab.page.title() == title != "broken"


def test_hostile_texts_are_shown_as_they_are(open_page):
    page = made_up_page(hostile=True)
    tab = open_page(page)
    assert tab.page.locator("#list .row").first.locator("span").first.text_content() == page.utterances.columns["utterance"][0]
    assert tab.page.locator("#controls [name=m] option").all_text_contents() == [answers.title for answers in page.answers]
    tab.page.click("#row-0")
    tab.page.wait_for_selector("#detail .condition")
    answers = page.answers[0]
    assert tab.page.locator("#detail q").all_text_contents() == [answers.words[answers.answers[number, 0]] for number in range(len(KEYS))]


def test_filters_keep_what_they_say(open_page, page):
    tab, one, truth = open_page(page), page.answers[0].predictions, gold(page)
    expected = {
        "conflict": one[CORRECT] != one[CONFLICT],
        "helped": (one[CORRECT] == truth) & (one[NONE] != truth),
        "harmed": (one[CORRECT] != truth) & (one[NONE] == truth),
        "right": one[CORRECT] == truth,
        "wrong": one[CORRECT] != truth,
        "invalid": (one == INVALID_CODE).any(axis=0),
        "": np.ones(len(truth), bool),
    }
    for name, kept in expected.items():
        tab.choose(show=name)
        tab.settle(f"document.getElementById('found').textContent.startsWith('{kept.sum()} of')")
    tab.choose(label="angry", pred="INVALID", speaker="speaker-1")
    speaker = np.array([each == "speaker-1" for each in page.utterances.columns["speaker"]])
    kept = speaker & (truth == 0) & (one[CORRECT] == INVALID_CODE)
    tab.settle(f"document.getElementById('found').textContent.startsWith('{kept.sum()} of')")


def test_search_finds_utterances_and_answers(open_page, page):
    tab, one = open_page(page), page.answers[0]
    tab.page.fill("#controls [name=q]", "UTTERANCE-007")
    tab.settle("document.getElementById('found').textContent.startsWith('1 of')")
    tab.page.fill("#controls [name=q]", "hear ANGER")
    said = (np.array(one.words)[one.answers[CORRECT]] == "I hear anger.").sum()
    tab.settle(f"document.getElementById('found').textContent.startsWith('{said} of')")
    tab.page.click("#controls button[type=reset]")
    tab.settle("document.getElementById('found').textContent.startsWith('60 of')")


def test_all_words_of_a_search_must_be_found(open_page, page):
    tab, one = open_page(page), page.answers[0]
    block = page.utterances.tokens[page.utterances.with_tokens[CORRECT]]

    def has(concept: str, token: str) -> np.ndarray:
        return block[CONCEPTS.index(concept)] == page.utterances.vocabulary.index(token)

    both = has("PITCH", "HIGH") & has("ENERGY", "LOW")
    assert 0 < both.sum() < min(has("PITCH", "HIGH").sum(), has("ENERGY", "LOW").sum())
    tab.page.fill("#controls [name=q]", " PITCH=HIGH  energy=low ")
    tab.settle(f"document.getElementById('found').textContent.startsWith('{both.sum()} of')")
    tab.settle(f"document.getElementById('searched').textContent.startsWith('{both.sum()} match')")
    said = (np.array(one.words)[one.answers[CORRECT]] == "I hear anger.") & has("PITCH", "HIGH")
    tab.page.fill("#controls [name=q]", "anger PITCH=HIGH hear")
    tab.settle(f"document.getElementById('found').textContent.startsWith('{said.sum()} of')")


def test_a_word_that_finds_nothing_is_named_with_what_can_be_searched(open_page, page):
    tab = open_page(page)
    assert tab.page.inner_text("#searched") == ""
    tab.page.fill("#controls [name=q]", "utterance PITCH=SHRILL <b>")
    tab.settle("document.getElementById('found').textContent.startsWith('0 of')")
    said = tab.page.inner_text("#searched")
    assert "Not found under Correct: “PITCH=SHRILL”, “<b>”." in said
    own = page.utterances.vocabulary[page.utterances.tokens[page.utterances.with_tokens[CORRECT], 0, 0]]
    assert f"ids of utterances, speakers and answers, and as a token such as {CONCEPTS[0]}={own}." in said
    tab.page.fill("#controls [name=q]", "utterance-001 utterance-002")
    tab.settle("document.getElementById('searched').textContent.includes('no utterance has all of them')")
    tab.page.click("#controls button[type=reset]")
    tab.settle("document.getElementById('searched').textContent === ''")


def test_a_search_for_tokens_says_that_a_condition_has_none(open_page, page):
    tab = open_page(page, "#m=one&c=none/0/0&q=PITCH%3DHIGH")
    assert tab.found() == 0
    assert "Audio-only has no tokens." in tab.page.inner_text("#searched")
    assert "as a token" not in tab.page.inner_text("#searched")
    tab.choose(c="correct/0/0")
    tab.settle("!document.getElementById('searched').textContent.includes('no tokens')")
    assert tab.found() > 0


def test_filters_name_the_conditions_that_they_compare(open_page, page):
    texts = open_page(page).page.locator("#controls [name=show] option").evaluate_all("all => all.map((each) => [each.value, each.text])")
    compared = {"conflict": ("Conflict", "Correct"), "helped": ("Correct", "Audio-only"), "harmed": ("Correct", "Audio-only")}
    assert [name for name, text in texts if not all(title in text for title in compared.get(name, ()))] == []


@pytest.mark.parametrize(
    ("address", "said", "shown"),
    [
        ("#m=nonsense", "There is no model “nonsense” here; Model one is shown.", {"m": "one", "c": "correct/0/0"}),
        ("#u=nonsense", "There is no utterance “nonsense” here.", {"m": "one"}),
        ("#m=one&c=corrupt/0.2/0", "There is no condition “corrupt/0.2/0” here; Correct is shown.", {"c": "correct/0/0"}),
        ("#m=two&c=shuffle/0/1", "Model two was not asked under Shuffle, seed 1; Correct is shown.", {"m": "two", "c": "correct/0/0"}),
        ("#m=two&show=conflict", "Model two was not asked under both Correct and Conflict", {"m": "two", "show": ""}),
        ("#show=nonsense", "There is no filter “nonsense” here; all utterances are shown.", {"show": ""}),
        ("#label=bored", "There is no label “bored” here; all are shown.", {"label": ""}),
        ("#speaker=<b>nobody", "There is no speaker “<b>nobody” here; all are shown.", {"speaker": ""}),
    ],
)
def test_what_an_address_names_and_is_not_here_is_said(open_page, page, address, said, shown):
    tab = open_page(_second_asked_less(page), address)
    assert said in tab.page.inner_text("#faults")
    assert tab.page.locator("#faults").evaluate("line => line.getBoundingClientRect().top >= 0")
    assert {name: tab.page.input_value(f"#controls [name={name}]") for name in shown} == shown
    tab.page.click("#row-0")  # the address now says what is shown
    tab.settle("document.getElementById('faults').textContent === ''")
    assert tab.complaints == []


@pytest.mark.parametrize("address", ["", "#verdicts", "#m=two&c=correct/0/0&label=sad&u=utterance-003"])
def test_nothing_is_said_of_an_address_that_is_right(open_page, page, address):
    assert open_page(page, address).page.inner_text("#faults") == ""


def test_a_model_that_was_not_asked_the_same_says_so(open_page, page):
    tab = open_page(_second_asked_less(page), "#m=one&c=conflict/0/0&show=conflict")
    tab.choose(m="two")
    tab.settle("document.getElementById('faults').textContent.includes('Model two was not asked under Conflict; Correct is shown.')")
    assert tab.page.input_value("#controls [name=show]") == ""
    assert "show=" not in tab.page.url


def _second_asked_less(page):
    """The page, whose second model was asked under audio-only, Correct and the first Shuffle alone."""
    first, second = page.answers
    less = replace(second, conditions=second.conditions[:3], predictions=second.predictions[:3], answers=second.answers[:3])
    return replace(page, answers=[first, less])


def test_going_back_to_the_bare_address_clears_the_filter(open_page, page):
    tab = open_page(page)
    tab.page.locator("#model-two .chart a").nth(3).click()
    tab.settle("document.querySelector('[name=m]').value === 'two' && document.querySelector('[name=c]').value === 'conflict/0/0'")
    tab.page.go_back()
    tab.settle("document.querySelector('[name=m]').value === 'one' && document.querySelector('[name=c]').value === 'correct/0/0'")
    tab.settle("document.getElementById('found').textContent.startsWith('60 of')")


def test_a_place_of_the_page_keeps_the_filter(open_page, page):
    tab = open_page(page)
    tab.choose(label="sad")
    kept = tab.found()
    tab.page.click("nav a[href='#tables']")
    tab.settle("location.hash === '#tables'")
    assert tab.page.input_value("#controls [name=label]") == "sad"
    assert tab.found() == kept < 60


def test_a_link_to_one_of_several_seeds_says_so_where_it_arrives(open_page, page):
    tab = open_page(page)
    assert tab.page.inner_text("#seed") == ""
    tab.page.locator("#model-one .chart a").nth(2).click()  # Shuffle, over both seeds
    tab.settle("document.querySelector('[name=c]').value === 'shuffle/0/0'")
    tab.settle("document.getElementById('seed').textContent.startsWith('This is seed 0, one of 2 seeds of Shuffle.')")
    tab.choose(c="conflict/0/0")
    tab.settle("document.getElementById('seed').textContent === ''")


def test_a_model_shows_only_utterances_that_it_was_asked_about(open_page, page):
    tab = open_page(page, "#m=two")
    assert tab.found() == (page.answers[1].predictions[0] != NOT_ASKED).sum() == 30
    tab.page.click("#row-0")
    tab.page.wait_for_selector("#detail .condition")
    assert tab.page.locator("#detail .bars").count() == 0  # it gives no probabilities


def test_a_cell_of_the_confusion_matrix_leads_to_its_utterances_and_back(open_page, page):
    tab, one, truth = open_page(page, "#m=one&c=conflict/0/0"), page.answers[0].predictions, gold(page)
    cell = tab.page.locator("#confusion tbody tr").nth(1).locator("td").nth(2)
    count = ((truth == 1) & (one[CONFLICT] == 2)).sum()
    assert cell.inner_text() == str(count)
    cell.locator("a").click()
    tab.settle(f"document.getElementById('found').textContent.startsWith('{count} of')")
    assert "label=happy" in tab.page.url
    assert "pred=sad" in tab.page.url
    tab.page.go_back()
    tab.settle("document.getElementById('found').textContent.startsWith('60 of')")


def test_points_and_rows_of_tables_lead_to_their_utterances(open_page, page):
    tab = open_page(page)
    tab.page.locator("#model-two .chart a").nth(3).click()
    tab.settle("location.hash.includes('m=two') && document.querySelector('[name=c]').value === 'conflict/0/0'")
    tab.page.locator("#table-uar tbody tr").nth(1).locator("a").click()
    tab.settle("document.querySelector('[name=m]').value === 'one' && document.querySelector('[name=c]').value === 'conflict/0/0'")


def test_places_of_a_figure_lead_to_their_utterances(open_page, page):
    tab, one, truth = open_page(page), page.answers[0].predictions, gold(page)
    tab.page.wait_for_selector("#figure-grounding svg a")
    links = tab.page.locator("#figure-grounding svg a")
    assert links.count() == 2  # the third is of another split
    picture, place = tab.page.locator("#figure-grounding img").bounding_box(), links.first.locator("rect").bounding_box()
    assert [place["x"] - picture["x"], place["y"] - picture["y"]] == pytest.approx(
        [0.1 * picture["width"], 0.2 * picture["height"]], abs=_EDGE
    )
    assert [place["width"], place["height"]] == pytest.approx([0.3 * picture["width"], 0.4 * picture["height"]], abs=_EDGE)
    count = ((truth == 1) & (one[CONFLICT] == 2)).sum()
    for _ in range(2):  # also if the address is that already
        links.first.click()
        tab.settle(f"document.getElementById('found').textContent.startsWith('{count} of')")
        tab.settle("Math.abs(document.getElementById('explorer').getBoundingClientRect().top) < 200")
        tab.page.locator("#figure-grounding").scroll_into_view_if_needed()
    links.nth(1).click()
    concept = CONCEPTS.index("PITCH")
    has = page.utterances.tokens[page.utterances.with_tokens[CORRECT], concept] == page.utterances.vocabulary.index("HIGH")
    tab.settle(f"document.getElementById('found').textContent.startsWith('{has.sum()} of')")
    assert tab.complaints == []


def test_an_utterance_shows_its_prompts_answers_and_what_changed(open_page, page):
    position = 17
    tab = open_page(page, f"#m=one&u={page.utterances.columns['utterance'][position]}")
    tab.page.click("#detail button")
    one, tokens = page.answers[0], page.utterances.tokens[:, :, position]
    words = [[page.utterances.vocabulary[code] for code in block] for block in tokens]
    prompts = tab.page.locator("#detail .prompt")
    for number in range(len(KEYS)):
        if number == NONE:
            assert prompts.nth(number).text_content() == one.prompt_alone
            continue
        now, own = words[page.utterances.with_tokens[number]], words[page.utterances.with_tokens[CORRECT]]
        block = "Cues: " + "; ".join(f"{concept}={token}" for concept, token in zip(CONCEPTS, now, strict=True))
        assert prompts.nth(number).text_content() == f"{one.prompt_alone}\n{block}"
        assert prompts.nth(number).locator("mark").all_text_contents() == [a for a, b in zip(now, own, strict=True) if a != b]
    changed = [number for number in range(len(KEYS)) if one.predictions[number, position] != one.predictions[CORRECT, position]]
    summaries = tab.page.locator("#detail .condition summary")
    assert [number for number in range(len(KEYS)) if summaries.nth(number).locator(".changed").count()] == changed
    shares = tab.page.locator("#detail .condition").nth(CONFLICT).locator(".bars tr td:nth-child(3)").all_text_contents()
    assert [float(share) for share in shares] == (one.probabilities[CONFLICT, :, position] / 1000).tolist()


def test_tables_sort_by_number_and_come_back(open_page, page):
    tab = open_page(page)
    head, body = tab.page.locator("#table-uar thead th").nth(4), "#table-uar tbody td:nth-child(5)"
    before = tab.page.locator(body).all_text_contents()
    numbers = {text: float(text.split(" ")[0].replace("−", "-")) for text in before}
    for state, order in (
        ("ascending", sorted(before, key=numbers.get)),
        ("descending", sorted(before, key=numbers.get, reverse=True)),
        ("none", before),
    ):
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == state
        assert [numbers[text] for text in tab.page.locator(body).all_text_contents()] == [numbers[text] for text in order]
    assert tab.page.locator(body).all_text_contents() == before


ASCENDING = [
    ("<10⁻³⁰⁰", "2×10⁻⁴⁷", "6×10⁻⁷", "9×10⁻⁵", "<.0001", ".0001", ".0200", ".3203", "1.0000", "1.2×10³"),
    ("[−.300, −.200]", "[−.044, +.216]", "[.000, .900]", "[+.023, +.167]", "[+.101, +.104]"),
    ("−1.012 [−1.028, −.997]", "−.061 [−.141, +.018]", "+.000 [+.000, +.000]", "+.095 [+.031, +.152]", "+1.000 [+1.000, +1.000]"),
    ("0.0%", "9.5%", "10.0%", "100.0%"),
    ("2 of 20", "15 of 20", "960", "1,920", "12,345 (6, 6)", "1,234,567"),
    (".420 − .517", ".611 − .517", "1.000 − .250"),
    ("Corrupt(0.2)", "Corrupt(0.8)", "Corrupt(1.0)", "Shuffle"),
]
"""Cells in the order of what they mean; those of p-values, intervals, differences, shares, counts and names."""


@pytest.mark.parametrize("cells", ASCENDING)
def test_tables_sort_by_what_numbers_mean_and_put_missing_ones_last(open_page, page, cells):
    shuffled = [cells[number] for number in np.random.default_rng(1).permutation(len(cells))]
    rows = [[each] for each in ("–", *shuffled[:2], "", *shuffled[2:])]
    tab = open_page(replace(page, tables=[Table("cells", "Cells.", "", [], ["Cell"], rows, "")]))
    for order in (list(cells), list(reversed(cells))):
        tab.page.click("#table-cells thead button")
        found = [text.replace("\u00a0", " ") for text in tab.page.locator("#table-cells tbody td").all_text_contents()]
        assert found == [*order, "–", ""]


def test_tables_filter_and_are_saved_as_csv(open_page, page):
    tab = open_page(page)
    tab.page.fill("#table-uar .filter", "model two conflict")
    assert tab.page.locator("#table-uar tbody tr:visible").count() == 1
    with tab.page.expect_download() as download:
        tab.page.click("#table-uar button.save")
    assert download.value.suggested_filename == "uar.csv"
    assert Path(download.value.path()).read_text() == page.tables[0].csv


def test_the_list_is_used_by_keyboard(open_page, page):
    tab = open_page(page)
    tab.page.focus("#list")
    for _ in range(3):
        tab.page.keyboard.press("ArrowDown")
        tab.page.wait_for_timeout(50)
    third = page.utterances.columns["utterance"][2]
    tab.settle(f"document.querySelector('#detail h3')?.textContent === '{third}'")
    assert tab.page.get_attribute("#list", "aria-activedescendant") == "row-2"
    tab.page.keyboard.press("End")
    tab.settle(f"document.querySelector('#detail h3').textContent === '{page.utterances.columns['utterance'][-1]}'")
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate("document.activeElement.id") == "detail"


def test_a_screen_reader_hears_a_name_for_everything_that_acts(open_page, page):
    tab = open_page(page, f"#m=one&u={page.utterances.columns['utterance'][0]}")
    session = tab.context.new_cdp_session(tab.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    acting = {"button", "link", "combobox", "searchbox", "textbox", "listbox", "option", "image", "img", "region"}
    seen = [node for node in nodes if not node["ignored"] and node["role"]["value"] in acting]
    assert len(seen) > 30
    assert [node["role"]["value"] for node in seen if not node.get("name", {}).get("value", "").strip()] == []


def test_only_visible_rows_are_drawn(open_page):
    tab = open_page(made_up_page(5531))
    assert tab.found() == 5531
    assert tab.page.locator("#list .row").count() < 60
    tab.page.evaluate("document.getElementById('list').scrollTop = 1e9")
    tab.page.wait_for_selector("#row-5530")
    assert tab.page.locator("#list .row").count() < 60


@pytest.mark.parametrize("part", [False, True])
def test_linked_sound_plays(open_page, tmp_path, part):
    page, name = made_up_page(6), "a sound, 100 %.flac"
    (tmp_path / "results" / "audio").mkdir(parents=True)
    soundfile.write(tmp_path / "results" / "audio" / name, tone(2.0), 16_000)
    link = f"../audio/{quote(name)}{'#t=0.5,1.5' if part else ''}"
    sound = Sound(links=dict.fromkeys(range(6), link))
    tab = open_page(made_up_page(6, sound=sound), f"#u={page.utterances.columns['utterance'][2]}")
    tab.page.evaluate("document.querySelector('#detail audio').play()")
    tab.settle(f"document.querySelector('#detail audio').currentTime > {0.6 if part else 0.1}")
    assert tab.complaints == []


def test_embedded_sound_plays(open_page, tmp_path):
    soundfile.write(tmp_path / "sound.ogg", tone(1.0), 16_000, format="OGG", subtype="OPUS")
    sound = Sound(embedded={2: renumbered((tmp_path / "sound.ogg").read_bytes())}, note="Not held.")
    names = made_up_page(6).utterances.columns["utterance"]
    tab = open_page(made_up_page(6, sound=sound), f"#u={names[2]}")
    tab.page.evaluate("document.querySelector('#detail audio').play()")
    tab.settle("document.querySelector('#detail audio').currentTime > 0.1")
    tab.page.click("#row-0")
    tab.settle(f"document.querySelector('#detail h3').textContent === '{names[0]}'")
    assert tab.page.locator("#detail audio").count() == 0
    assert "Not held." in tab.page.inner_text("#detail")
    assert tab.complaints == []


def test_a_sound_that_is_not_there_is_said(open_page):
    names = made_up_page(6).utterances.columns["utterance"]
    tab = open_page(made_up_page(6, sound=Sound(links={2: "../audio/lost.flac"})), f"#u={names[2]}")
    tab.page.evaluate("document.querySelector('#detail audio').play().catch(() => {})")
    tab.settle("document.getElementById('detail').textContent.includes('does not play ../audio/lost.flac')")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(open_page, page, width):
    tab = open_page(page, f"#u={page.utterances.columns['utterance'][0]}", viewport={"width": width, "height": 844})
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_opens_what_is_closed(open_page, page):
    tab = open_page(page)
    tab.page.evaluate("document.querySelector('#table-uar').open = false")
    tab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.page.locator("main > section > details:not([open])").count() == 0
    tab.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.page.locator("#table-uar[open]").count() == 0


A4 = 703
"""Pixels between the margins of an A4 page in portrait: 186 mm."""


def test_wide_tables_fit_a_printed_page(open_page, page):
    titles = ["Dataset", "Split", "Model", "Answers moved", "Share of log-odds", "Conflict follow rate", *["Follow index"] * 9]
    row = ["emosynth", "test", "listener (audio)", *[".536 [.491, .581]"] * 3, *["+1.000 [+1.000, +1.000]"] * 9]
    narrow = [["PITCH", "F0semitoneFrom27.5Hz_sma3nz; jitterLocal_sma3nz; shimmerLocaldB_sma3nz; HNRdBACF_sma3nz", "VERY_LOW LOW MID"]]
    tables = [
        Table("wide", "Reliance.", "", [], titles, [row] * 3, ""),
        Table("long", "Concepts.", "", [], ["Concept", "Descriptors", "Tokens"], narrow, ""),
    ]
    tab = open_page(replace(page, tables=tables), viewport={"width": A4, "height": 1000})
    tab.page.emulate_media(media="print")
    for name in ("wide", "long"):
        table, room = (tab.page.locator(f"#table-{name} {what}").bounding_box() for what in ("table", ".scroll"))
        assert table["width"] <= room["width"] <= A4
    points = tab.page.evaluate("[...document.querySelectorAll('table *')].map((each) => parseFloat(getComputedStyle(each).fontSize) * .75)")
    assert min(points) >= 6
    tab.page.emulate_media(media="screen")  # where it scrolls, and each interval stays whole
    assert tab.page.evaluate("getComputedStyle(document.querySelector('#table-wide td wbr')).display") == "none"


def test_figures_are_drawn(open_page, page):
    tab = open_page(page)
    assert tab.page.evaluate("document.querySelector('#figure-grounding img').naturalWidth") > 0


def test_the_cover_leads_to_its_pages(open_file, tmp_path):
    pages = [replace(made_up_page(10, seed=seed), split=split) for seed, split in enumerate(("dev", "test"))]
    for page in pages:
        (tmp_path / f"{page.split}.html").write_text(page_html(page), encoding="utf-8")
    cover = tmp_path / "index.html"
    cover.write_text(cover_html([part_of(page, f"{page.split}.html") for page in pages]), encoding="utf-8")
    tab = open_file(cover, ready="main")
    assert tab.page.locator("article h3").count() == 4
    tab.page.locator("section h2 a").nth(1).click()
    tab.page.wait_for_selector("html[data-drawn]")
    assert tab.page.title().startswith("corpus (test)")
    assert tab.complaints == []


def test_a_study_without_correct_tokens_shows_what_it_has(open_page, page):
    """Nothing is marked, and what needs the missing conditions cannot be chosen."""
    answers = [replace(each, conditions=[0, 1], predictions=each.predictions[:2], answers=each.answers[:2]) for each in page.answers]
    answers = [replace(each, probabilities=None if each.probabilities is None else each.probabilities[:2]) for each in answers]
    utterances = replace(page.utterances, tokens=page.utterances.tokens[:1], with_tokens=(None, 0))
    bare = replace(page, conditions=[page.conditions[NONE], page.conditions[CONFLICT]], answers=answers, utterances=utterances, verdicts=[])
    tab = open_page(bare, f"#u={page.utterances.columns['utterance'][0]}")
    assert tab.page.locator("#detail .condition").count() == 2
    assert tab.page.locator("#detail mark").count() == 0
    disabled = tab.page.locator("#controls [name=show] option:disabled").evaluate_all("options => options.map((option) => option.value)")
    assert disabled == ["conflict", "helped", "harmed"]
    assert tab.complaints == []


def test_on_a_phone_a_chosen_utterance_comes_into_view(open_page, page):
    tab = open_page(page, viewport={"width": 390, "height": 844})
    tab.page.click("#row-1")
    tab.settle("document.querySelector('#detail h3') && Math.abs(document.querySelector('#detail').getBoundingClientRect().top) < 200")
