"""How much the cues move every model."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.reporting.numbers import number, signed, with_interval
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "How much the cues move every model: shares of answers and log-odds, the equivalent cue weight, and the follow index."
NEEDS = ("conditions", "reliance")

_SHOWN = {
    "answers_moved": ("Answers moved", False),
    "share_answers": ("Share of answers", False),
    "share_logodds": ("Share of log-odds", False),
    "share_logodds_additive": ("Additive", False),
    "equivalent_cue_weight": ("Cue weight", False),
    "direction": ("Direction", True),
    "information_bits": ("Bits", False),
    "follow_index": ("Follow index", True),
    "own_reader_index": ("Own reader", True),
    "conflict_follow_rate": ("Conflict follow rate", True),
    "format": ("Format", True),
    "gain": ("Gain", True),
}
_ENDS = ("low", "high", "session_low", "session_high")
COLUMNS = [
    *("dataset", "split", "model"),
    *(column for name in _SHOWN for column in (name, *(f"{name}_{end}" for end in _ENDS))),
]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per model and split; all quantities are in reliance.csv of each model."""
    rows = []
    for experiment in results.select():
        found = results.reliance(experiment)
        row: dict[str, object] = {"dataset": experiment.dataset, "split": experiment.split, "model": experiment.model}
        for name in _SHOWN:
            row[name] = found.loc[name, "value"]
            row |= {f"{name}_{end}": found.loc[name, end] for end in _ENDS}
        rows.append(row)
    values = pd.DataFrame(rows, columns=COLUMNS)
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Model": [results.models[name].title for name in values["model"]],
            **{title: with_interval(values, name, shown=signed if sign else number) for name, (title, sign) in _SHOWN.items()},
        }
    )
    note = (
        f"{results.sample()}. Jackknife-t intervals over speakers, {results.level}. "
        "Answers moved: share of answers that differ between two blocks of other utterances. Share of answers: what these move of all "
        "variation; of log-odds: what blocks of random tokens move of it; additive: the part that single tokens explain. Cue weight: 0 "
        "for the listener to audio, 1 for the listener to cues; direction: 1 if tokens are read as that listener reads them, −1 if "
        "inverted. Bits: what an answer says about the tokens of other utterances, given the audio. Follow index: 0 for answers that do "
        "not depend on what the tokens say, 1 for answers that are always what they mean in the corpus; the listener to cues shows how "
        "near one can get. Own reader: the same against the model's own reading. Conflict follow rate: answers that the contradictory "
        "tokens mean, beyond those that foreign blocks give. Format, gain: UAR of a block without content against audio-only, and of "
        "correct tokens against that block. A dash: not available. Intervals by session are in the CSV, where a corpus has sessions."
    )
    return TableContent("Reliance on the cues.", values, display, note, cautions=tuple(results.cautions()))
