"""What was used of each corpus: utterances, classes, speakers and hours per split, and what is not in it."""

import pandas as pd

from cuealign.core.registry import PluginOptions
from cuealign.core.text import counted
from cuealign.corpora.splits import select_split
from cuealign.reporting.results import Results
from cuealign.reporting.tables.content import TableContent

CAPTION = "What was used of each corpus, and what was left out or excluded."
NEEDS = ("conditions",)

COLUMNS = [
    *("dataset", "split", "utterances", "classes", "speakers", "female", "male", "unknown"),
    *("hours", "shortest", "longest", "excluded"),
]


def build(results: Results, _published: pd.DataFrame, _options: PluginOptions) -> TableContent:
    """One row per split of each dataset that was run."""
    values = pd.DataFrame([row for dataset in results.used_datasets() for row in _rows(results, dataset)], columns=COLUMNS)
    display = pd.DataFrame(
        {
            "Dataset": [results.datasets[name].title for name in values["dataset"]],
            "Split": values["split"],
            "Utterances": values["utterances"].astype(str),
            "Classes": values["classes"],
            "Speakers (f, m, unknown)": [f"{row.speakers} ({row.female}, {row.male}, {row.unknown})" for row in values.itertuples()],
            "Hours": [f"{hours:.2f}" for hours in values["hours"]],
            "Seconds": [f"{row.shortest:.2f} to {row.longest:.2f}" for row in values.itertuples()],
            "Excluded": values["excluded"].astype(str),
        }
    )
    note = "Excluded: for bad audio. " + " ".join(_remarks(results, dataset) for dataset in results.used_datasets())
    return TableContent(
        "Corpora: what was used of each.", values, display, note, row_groups=(), cautions=tuple(results.cautions_of_corpora())
    )


def _rows(results: Results, dataset: str) -> list[dict]:
    entry, manifest, counts = results.datasets[dataset], results.manifest(dataset), results.counts(dataset)
    rows = []
    for split, values in entry.splits.items():
        part = select_split(manifest, entry.splits, split)
        classes = part["label"].value_counts()
        speakers = part.drop_duplicates("speaker")["gender"].value_counts()
        rows.append(
            {
                "dataset": dataset,
                "split": split,
                "utterances": len(part),
                "classes": ", ".join(f"{label} {classes.get(label, 0)}" for label in entry.labels),
                "speakers": int(speakers.sum()),
                **{gender: int(speakers.get(gender, 0)) for gender in ("female", "male", "unknown")},
                "hours": part["duration"].sum() / 3600,
                "shortest": part["duration"].min(),
                "longest": part["duration"].max(),
                "excluded": sum(utterance["split"] in values for utterance in counts["excluded"]),
            }
        )
    return rows


def _remarks(results: Results, dataset: str) -> str:
    """One sentence on all that the rows of a dataset do not show."""
    counts = results.counts(dataset)
    said = [f"{counted(counts['rows'], 'row')} in the corpus"]
    if drawn := counts["drawn"]:
        said.append(f"splits drawn by {drawn['by']} (share of test {drawn['test']:g}, seed {drawn['seed']})")
    said += [f"{count} labelled {label or 'nothing'} left out" for label, count in counts["left_out"].items()]
    said += [f"{counts['without_speaker']} without a named speaker left out"] * bool(counts["without_speaker"])
    said += [f"{count} in split {split}, which is not evaluated" for split, count in counts["unused_splits"].items()]
    said += [f"{counted(len(counts['same_sound']), 'sound')} occurring more than once"] * bool(counts["same_sound"])
    said += [f"{counted(counts['overlaps'], 'pair')} of segments that overlap across splits"] * bool(counts["overlaps"])
    said += [f"{counts['silent']} silent"] * bool(counts["silent"])
    said += [f"{counts['clipped']} with samples at full scale"] * bool(counts["clipped"])
    said += [f"{count} recorded at {rate}" for rate, count in counts["rates"].items() if rate != "16000 Hz"]
    said += [f"{count} with {channels} channels" for channels, count in counts["channels"].items() if channels != "1"]
    said += [f"{counts['soft_channel']} with a channel that is silent or 20 dB softer than another"] * bool(counts["soft_channel"])
    said += [f"{counts['cancelled']} with channels that cancel each other"] * bool(counts["cancelled"])
    removed = ", which is removed" if results.datasets[dataset].remove_offset else ""
    said += [f"{counts['offset']} with a constant offset{removed}"] * bool(counts["offset"])
    if set(counts["channels"]) != {"1"} and (channel := results.datasets[dataset].channel) != "mean":
        said.append(f"the {channel} channel of each is heard")
    return f"{results.datasets[dataset].title}: {', '.join(said)}."
