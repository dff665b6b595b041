"""A results page of made-up content, also with texts that try to become markup."""

from dataclasses import replace

import numpy as np

from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.reporting.page.content import (
    NO_PROBABILITY,
    NOT_ASKED,
    Answers,
    Condition,
    Drawing,
    Page,
    Place,
    Point,
    Sound,
    Table,
    Utterances,
    Verdict,
)
from cuealign.reporting.page.reading import BLOCK

LABELS = ("angry", "happy", "sad")
KEYS = (("none", "0", "0"), ("correct", "0", "0"), ("shuffle", "0", "0"), ("shuffle", "0", "1"), ("conflict", "0", "0"))
TITLES = ("Audio-only", "Correct", "Shuffle, seed 0", "Shuffle, seed 1", "Conflict")
INVALID_CODE = len(LABELS)

HOSTILE = (
    "</script><script>document.title = 'broken'</script>",
    "<img src=x onerror=\"document.title = 'broken'\">",
    '"><svg onload="document.title = \'broken\'">',
    "' onmouseover='document.title = 1' x='",
    "<!--<script>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:document.title='broken'",
    "&lt;b&gt; &amp; ]]> \u2028 \u202e gnp.exe",
)
"""Texts that become markup, or break out of it, where they are not escaped."""

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="144pt" height="72pt" viewBox="0 0 144 72">'
    b'<rect width="144" height="72" fill="#0072B2"/></svg>'
)


def made_up_page(count: int = 60, *, hostile: bool = False, seed: int = 0, sound: Sound | None = None) -> Page:
    """A page with two models: one that was asked about all utterances, and one without probabilities that was asked about half.

    Args:
        count: utterances.
        hostile: let titles, names, answers and captions be the :data:`HOSTILE` texts.
        seed: of the random answers.
        sound: of the page; none by default.
    """
    random = np.random.default_rng(seed)
    nasty = iter(HOSTILE * 1000)

    def text(plain: str) -> str:
        return next(nasty) + plain if hostile else plain

    labels = [text(label) for label in LABELS]
    gold = random.integers(len(LABELS), size=count)
    with_tokens = (None, 0, 1, 2, 3)
    vocabulary = sorted({token for tokens in TOKENS.values() for token in tokens})
    tokens = np.stack(
        [
            np.stack(
                [np.array([vocabulary.index(token) for token in random.choice(TOKENS[concept], count)], np.uint8) for concept in CONCEPTS]
            )
            for _ in range(4)
        ]
    )
    utterances = Utterances(
        {
            "utterance": [text(f"utterance-{number:03d}") for number in range(count)],
            "speaker": [text(f"speaker-{number % 4}") if not hostile else f"{HOSTILE[number % 4]}{number % 4}" for number in range(count)],
            "gender": ["female" if number % 2 else "male" for number in range(count)],
            "label": [labels[code] for code in gold],
        },
        random.uniform(0.5, 3, count),
        vocabulary,
        tokens,
        with_tokens,
    )
    first = _answers("one", text("Model one"), random, count, [text("I hear anger."), *labels], labels)
    second = _answers("two", text("Model two"), random, count, [text("No idea"), *labels], labels)
    second.predictions[:, count // 2 :] = NOT_ASKED
    second = replace(second, colour="#8a8a8a", probabilities=None)
    conditions = [Condition(key, title) for key, title in zip(KEYS, TITLES, strict=True)]
    shown = [(title.partition(",")[0], key) for title, key in zip(TITLES, KEYS, strict=True) if key != ("shuffle", "0", "1")]
    points = [Point(title, "/".join(key), 0.3 + 0.1 * n, 0.25 + 0.1 * n, 0.35 + 0.1 * n) for n, (title, key) in enumerate(shown)]
    behind = {"dataset": "corpus", "split": "test", "model": "one", "condition": KEYS[-1], "label": labels[1], "prediction": labels[2]}
    places = [
        Place(text("Happy, answered sad"), (0.1, 0.2, 0.3, 0.4), behind),
        Place(text("Happy in training"), (0.5, 0.2, 0.3, 0.4), behind | {"split": "train"}),
        Place(text("High pitch"), (0.6, 0.5, 0.2, 0.2), {"dataset": "corpus", "token": "PITCH=HIGH"}),
    ]
    title = text("corpus")
    values = {"Correct": "−.300 [−.400, −.200]", "Conflict": "−.020 [−.120, +.080]", "Shuffle": "+.001"}
    rows = [[title, "test", answers.title, *value] for answers in (first, second) for value in values.items()]
    return Page(
        dataset="corpus",
        split="test",
        title=title,
        labels=labels,
        label_colours=["#0072B2", "#E69F00", "#009E73"],
        level="95%",
        cautions=[text("Made up.")],
        verdicts=[
            Verdict("one", first.title, first.colour, "follows", text("Follows: the cues decide the answers."), [text("Careful.")], points),
            Verdict("two", second.title, second.colour, "undecidable", text("Undecidable: too few speakers."), [], points),
        ],
        drawings=[
            Drawing("grounding", SVG, text("A caption."), text("A blue rectangle."), [text("Mind this.")], [("one", first.title)], places)
        ],
        tables=[
            Table("uar", text("A table."), text("A note."), [], ["Dataset", "Split", "Model", "Condition", "UAR"], rows, "a,b\n1,2\n"),
            Table("empty", "An empty table.", "Nothing was run.", [], [], [], ""),
        ],
        cue_block=[(f"{'; ' if number else 'Cues: '}{concept}=", concept) for number, concept in enumerate(CONCEPTS)],
        conditions=conditions,
        utterances=utterances,
        answers=[first, second],
        sound=sound or Sound(note="No sound."),
        methods=[text("What was done.")],
        provenance={
            "workflow": {"commit": "0" * 40},
            "system": "Linux x86_64",
            "config_sha256": "1" * 64,
            "stages": {"predict": [{"code": "2" * 16, "commit": "0" * 40, "packages": {"numpy": "2.4.6"}, "jobs": 3}]},
            "datasets": {"corpus": {"utterances": count, "speakers": 4, "hours": 0.1, "manifest_sha256": "3" * 64}},
            "responses": [{"dataset": "corpus", "split": "test", "model": "one", "prompts": 5 * count, "fingerprint": ["4" * 64]}],
        },
        licences=[("Recordings", text("nobody's"))],
        citation=[text("Somebody: something.")],
    )


def _answers(model: str, title: str, random: np.random.Generator, count: int, words: list[str], labels: list[str]) -> Answers:
    shape = len(KEYS), count
    probabilities = random.multinomial(1000, [1 / len(labels)] * len(labels), size=shape).transpose(0, 2, 1).astype(np.uint16)
    probabilities[0, :, 0] = NO_PROBABILITY
    return Answers(
        model=model,
        title=title,
        colour="#0072B2",
        prompt=f"How does {title} feel?\n{BLOCK}",
        prompt_alone=f"How does {title} feel?",
        conditions=list(range(len(KEYS))),
        predictions=random.integers(INVALID_CODE + 1, size=shape).astype(np.uint8),
        words=words,
        answers=random.integers(len(words), size=shape).astype(np.uint16),
        probabilities=probabilities,
    )
