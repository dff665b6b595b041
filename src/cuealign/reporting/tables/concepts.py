"""Table I: concepts and the descriptors behind them, from the code's own registry."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.core.vocabulary import CONCEPTS, TOKENS, UNVOICED, VOICED_CONCEPTS
from cuealign.cues.tokenizer import COMPONENTS
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

COLUMNS = ["concept", "descriptors", "tokens", "tokenisation", "per_gender"]
CAPTION = "The paper's Table I: the six concepts, their descriptors and their tokens."


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per concept."""
    rows = []
    for concept in CONCEPTS:
        descriptors = "; ".join(f"{'-' if sign < 0 else ''}{name}" for name, sign in COMPONENTS[concept].items())
        tokens = " ".join((*TOKENS[concept], *((UNVOICED,) if concept in VOICED_CONCEPTS else ())))
        rule = "heuristic on standardised descriptors" if concept == "VOICE_QUALITY" else "5 quantile bins"
        gendered = [name for name in results.used_datasets() if concept in results.datasets[name].tokens.gender_specific]
        rows.append((concept, descriptors, tokens, rule, ", ".join(gendered)))
    values = pd.DataFrame(rows, columns=COLUMNS)
    display = values.rename(columns=str.capitalize).drop(columns="Per_gender")
    display["Tokenisation"] = [
        rule + (f", per gender on {', '.join(results.datasets[name].title for name in found.split(', '))}" if found else "")
        for rule, found in zip(values["tokenisation"], values["per_gender"], strict=True)
    ]
    note = "File-level means of eGeMAPSv02 low-level descriptors, robustly standardised; a minus sign: enters the score negatively."
    return TableContent("Concept tokens derived from eGeMAPS mean descriptors.", values, display, note)
