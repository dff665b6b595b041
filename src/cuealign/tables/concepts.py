"""Table I: concepts and the descriptors behind them, from the code's own registry."""

import pandas as pd

from cuealign.concepts import COMPONENTS
from cuealign.study import Study
from cuealign.tables.content import TableContent
from cuealign.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS


def build(study: Study, _published: pd.DataFrame) -> TableContent:
    """One row per concept."""
    gendered = {
        concept: [
            entry["title"] for name, entry in study.datasets.items() if _used(study, name) and concept in entry["tokens"]["gender_specific"]
        ]
        for concept in CONCEPTS
    }
    rows = []
    for concept in CONCEPTS:
        descriptors = "; ".join(f"{'-' if sign < 0 else ''}{name}" for name, sign in COMPONENTS[concept].items())
        tokens = " ".join((*TOKENS[concept], *((UNVOICED,) if concept in VOICED_CONCEPTS else ())))
        rule = "heuristic on standardised descriptors" if concept == "VOICE_QUALITY" else "5 quantile bins"
        if gendered[concept]:
            rule += f", per gender on {', '.join(gendered[concept])}"
        rows.append((concept, descriptors, tokens, rule))
    values = pd.DataFrame(rows, columns=["concept", "descriptors", "tokens", "tokenisation"])
    display = values.rename(columns=str.capitalize)
    note = "File-level means of eGeMAPSv02 low-level descriptors, robustly standardised; a minus sign: enters the score negatively."
    return TableContent("Table I. Concept tokens derived from eGeMAPS mean descriptors.", values, display, note)


def _used(study: Study, dataset: str) -> bool:
    return bool(study.select(dataset=dataset))
