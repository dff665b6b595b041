"""Writes the results page of a dataset and split as one HTML file that needs nothing else."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cuealign.core.vocabulary import CONCEPTS, INVALID
from cuealign.reporting.page.assets import LOOK, look
from cuealign.reporting.page.chart import LEFT, ROW, WIDTH, chart, common_scale
from cuealign.reporting.page.content import Drawing, Page, Table
from cuealign.reporting.page.packing import json_for_html, packed
from cuealign.reporting.page.reading import BLOCK

_FIELDS = {"model": "m", "prediction": "pred", "token": "q"}
"""Fields of the explorer that have other names than what figures call them."""

QUESTION = "Do audio language models use the acoustic cues in their prompt?"


def page_html(page: Page) -> str:
    """The page as HTML; the same content gives the same text."""
    script = look("page.js")
    spoken = len(set(page.utterances.columns["label"]))  # a split may lack a label
    scale = common_scale([point for verdict in page.verdicts for point in verdict.points], spoken)
    media = "data:" if page.sound.embedded else "'self' file:" if page.sound.links else "'none'"
    return render(
        "page.html",
        script=script,
        media=media,
        page=page,
        question=QUESTION,
        verdicts=[(verdict, chart(verdict.points, spoken, scale)) for verdict in page.verdicts],
        geometry={"row": ROW, "left": LEFT, "width": WIDTH},
        drawings=[(drawing, *size(drawing)) for drawing in page.drawings],
        tables=[(table, leads(table, page)) for table in page.tables if table.rows],
        empty_tables=[table for table in page.tables if not table.rows],
        stages=stages(page.provenance),
        packages=packages(page.provenance),
        header=Markup(json_for_html(_header(page))),
        blocks={name: Markup(text) for name, text in _blocks(page).items()},
    )


def render(template: str, *, script: str = "", media: str = "'none'", **values: Any) -> str:
    """Fill a template; every value is escaped.

    Args:
        template: file name.
        script: of the page; without one, none may run.
        media: where sound may come from, as the policy writes it.
        values: of the template.
    """
    style = look("page.css")
    scripts = f"'{_digest(script)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src {scripts}; "
        f"img-src blob:; media-src {media}; base-uri 'none'; form-action 'none'"
    )
    environment = Environment(
        loader=FileSystemLoader(LOOK), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    environment.filters["unbroken"] = unbroken
    return environment.get_template(template).render(policy=policy, style=Markup(style), script=Markup(script), **values)


def unbroken(cell: str) -> Markup:
    """A cell whose intervals stay on one line: no-break spaces within square brackets. Print, which is narrow, breaks them after these."""
    return Markup(re.sub(r"\[[^][]*\]", lambda found: found[0].replace(" ", "\u00a0<wbr>"), str(escape(cell))))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def size(drawing: Drawing) -> tuple[int, ...]:
    """Width and height of a drawing in CSS pixels, so that the page does not move when it is drawn; zeros where it does not say."""
    opening = re.search(rb"<svg[^>]*>", drawing.svg)
    sides = [re.search(rb'\s%s="([0-9.]+)pt"' % side, opening[0]) if opening else None for side in (b"width", b"height")]
    return tuple(round(float(side[1]) * 4 / 3) if side else 0 for side in sides)


def ways(drawing: Drawing, page: Page) -> list[dict[str, Any]]:
    """Places of a drawing that stand for utterances of the page: what each says, its box and the address of the utterances."""
    found = []
    for place in drawing.places:
        here = dict(place.utterances)
        if (here.pop("dataset", page.dataset), here.pop("split", page.split)) == (page.dataset, page.split):
            condition = "/".join(here.pop("condition", ()))
            to = address(c=condition, **{_FIELDS.get(name, name): value for name, value in here.items()})
            found.append({"says": place.says, "box": list(place.box), "to": to})
    return found


def leads(table: Table, page: Page) -> list[str]:
    """Address of the utterances behind each row of a table; empty where the row is about another split or about no model.

    Rows name their dataset, split, model and condition by titles, under the headings that all tables share.
    """
    models = {answers.title: answers for answers in page.answers}
    place = {name: table.columns.index(name) for name in ("Dataset", "Split", "Model", "Condition") if name in table.columns}
    conditions: dict[str, int] = {}
    for number, condition in enumerate(page.conditions):
        conditions.setdefault(condition.title.partition(", seed ")[0], number)
    found = []
    for row in table.rows:
        here = {name: row[column] for name, column in place.items()}
        if (
            "Model" not in here
            or here["Model"] not in models
            or (here.get("Dataset", page.title), here.get("Split", page.split)) != (page.title, page.split)
        ):
            found.append("")
            continue
        answers, number = models[here["Model"]], conditions.get(here.get("Condition", ""))
        asked = page.conditions[number].id if number is not None and number in answers.conditions else ""
        found.append(address(m=answers.model, c=asked))
    return found


def address(**state: str) -> str:
    """Address within the page that sets the explorer, by the names of its fields: ``m`` model, ``c`` condition and so on."""
    return "#" + urlencode({key: value for key, value in state.items() if value}, safe="/")


def stages(provenance: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """(stage, code version, jobs) of every way in which a stage was made."""
    return [(rule, way["code"], way["jobs"]) for rule, ways in provenance["stages"].items() for way in ways]


def packages(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Versions of every package that a job loaded; several where they differ."""
    found: dict[str, set[str]] = {}
    for ways in provenance["stages"].values():
        for way in ways:
            for name, version in way["packages"].items():
                found.setdefault(name, set()).add(version)
    return [(name, ", ".join(sorted(found[name]))) for name in sorted(found)]


def _header(page: Page) -> dict[str, Any]:
    """Everything that the script needs at once."""
    return {
        "dataset": page.dataset,
        "split": page.split,
        "labels": [*page.labels, INVALID],
        "colours": list(page.label_colours),
        "concepts": list(CONCEPTS),
        "vocabulary": list(page.utterances.vocabulary),
        "cueBlock": [[literal, CONCEPTS.index(concept) if concept else -1] for literal, concept in page.cue_block],
        "mark": BLOCK,
        "count": len(page.utterances.columns["utterance"]),
        "conditions": [
            {"id": condition.id, "title": condition.title, "intervention": condition.key[0], "tokens": -1 if place is None else place}
            for condition, place in zip(page.conditions, page.utterances.with_tokens, strict=True)
        ],
        "models": [
            {
                "id": answers.model,
                "title": answers.title,
                "prompt": answers.prompt,
                "promptAlone": answers.prompt_alone,
                "conditions": list(answers.conditions),
                "wide": answers.answers.dtype.itemsize == 4,
                "probabilities": answers.probabilities is not None,
            }
            for answers in page.answers
        ],
        "soundNote": page.sound.note,
        "embedded": sorted(page.sound.embedded),
    }


def _blocks(page: Page) -> dict[str, str]:
    """Packed content by id."""
    columns = {name: _coded(values) for name, values in page.utterances.columns.items() if name != "utterance"}
    links = [page.sound.links.get(position) for position in range(len(page.utterances.durations))] if page.sound.links else []
    named = {
        "utterance": list(page.utterances.columns["utterance"]),
        **columns,
        "duration": [round(float(seconds), 2) for seconds in page.utterances.durations],
        "sound": links,
    }
    found = {"utterances": packed(json_for_html(named)), "tokens": packed(page.utterances.tokens)}
    for number, answers in enumerate(page.answers):
        found[f"predictions-{number}"] = packed(answers.predictions)
        found[f"answers-{number}"] = packed(answers.answers)
        found[f"words-{number}"] = packed(json_for_html(list(answers.words)))
        if answers.probabilities is not None:
            found[f"probabilities-{number}"] = packed(_planes(answers.probabilities))
    for number, drawing in enumerate(page.drawings):
        found[f"drawing-{number}"] = packed(drawing.svg)
        found[f"places-{number}"] = packed(json_for_html(ways(drawing, page)))
    for number, table in enumerate(table for table in page.tables if table.rows):
        found[f"csv-{number}"] = packed(table.csv)
    for position, content in page.sound.embedded.items():
        found[f"sound-{position}"] = base64.b64encode(content).decode("ascii")
    return found


def _coded(values: Sequence[str]) -> dict[str, list]:
    """Different values, and the place of each row's value among them."""
    different = sorted(set(values))
    places = {value: place for place, value in enumerate(different)}
    return {"values": different, "codes": [places[value] for value in values]}


def _planes(values: np.ndarray) -> np.ndarray:
    """Low bytes of all values, then the high ones, which are nearly all alike: this compresses better."""
    return np.stack([values & 0xFF, values >> 8]).astype(np.uint8)
