"""Correct tokens against every perturbation, and every perturbation against audio-only."""

import pandas as pd

from cuealign.study import Study
from cuealign.tables.content import TableContent, find_published, interval, number, p_value, signed


def build(study: Study, published: pd.DataFrame) -> TableContent:
    """One row per comparison of each model and split that ran a perturbation."""
    parts = []
    for cell in study.select():
        comparable = published if study.is_published(cell) else published.iloc[:0]
        table = study.metrics(cell, "comparisons")
        if ((table["a"] != "Correct") | (table["b"] != "Audio only")).any():  # more than correct against audio-only
            names = {
                "dataset": study.datasets[cell.dataset]["title"],
                "split": cell.split,
                "model": study.models[cell.model]["title"],
            }
            table = table.assign(**names)
            theirs = [find_published(comparable, cell, "delta", comparison=f"{row.a} - {row.b}") for row in table.itertuples()]
            parts.append(table.assign(published_delta=theirs, deviation=table["delta"] - theirs))
    caption = f"Token interventions: differences in UAR, speaker-clustered {study.level} intervals, exact McNemar,"
    caption += " Holm-corrected per model and split."
    columns = ["dataset", "split", "model", "a", "b", "delta", "ci_low", "ci_high", "mcnemar_p", "holm_p", "published_delta", "deviation"]
    if not parts:
        empty = pd.DataFrame(columns=columns)
        return TableContent(caption, empty, empty, "No perturbation in this study's grid.")
    values = pd.concat(parts, ignore_index=True)[columns]
    display = pd.DataFrame(
        {
            "Dataset": values["dataset"],
            "Split": values["split"],
            "Model": values["model"],
            "Comparison": values["a"] + " − " + values["b"],
            "Δ UAR": [signed(value) for value in values["delta"]],
            f"{study.level} CI": [interval(row.ci_low, row.ci_high, sign=True) for row in values.itertuples()],
            "p": [p_value(value) for value in values["mcnemar_p"]],
            "p (Holm)": [p_value(value) for value in values["holm_p"]],
        }
    )
    if values["published_delta"].notna().any():
        display["Published Δ"] = [
            "–" if pd.isna(row.published_delta) else f"{signed(row.published_delta)} ({signed(row.deviation)})"
            for row in values.itertuples()
        ]
    note = "Perturbations with several seeds: UAR averaged over seeds; McNemar per seed, the largest p shown."
    note += " McNemar tests correctness per utterance, not UAR: p and interval may disagree."
    return TableContent(caption, values, display, " ".join([note, *_trends(study, published), study.cautions()]).strip())


def _trends(study: Study, published: pd.DataFrame) -> list[str]:
    """One sentence per cell in which UAR was measured at several strengths of corruption."""
    sentences = []
    for cell in study.select():
        trend = study.metrics(cell, "trend").iloc[0]
        if pd.notna(trend["spearman_rho"]):
            sentence = f"{study.models[cell.model]['title']} on {study.datasets[cell.dataset]['title']} ({cell.split}):"
            sentence += (
                f" Spearman ρ of UAR and p {number(trend['spearman_rho'], 2)}, p {p_value(trend['spearman_p'])}, {trend['n']:.0f} runs"
            )
            comparable = published if study.is_published(cell) else published.iloc[:0]
            theirs = find_published(comparable, cell, "spearman_rho")
            sentences.append(sentence + ("." if pd.isna(theirs) else f"; published {number(theirs, 2)}."))
    return sentences
