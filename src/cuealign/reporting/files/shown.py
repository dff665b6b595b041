"""Files for people, and what tells how results came about: tables, figures, pages, plan, provenance and times."""

from collections.abc import Mapping

from cuealign.core.vocabulary import CONCEPTS
from cuealign.reporting.files.entry import COMMON, ResultFile, described
from cuealign.reporting.files.metrics import CHECKED, COMPARED, MOVED, PAIRED, RELIED, STRENGTH
from cuealign.reporting.tables import (
    blocks,
    checks,
    concepts,
    corpora,
    interventions,
    models,
    reading,
    reliance,
    sensitivity,
    shifts,
    uar_rows,
    verdicts,
)

_PAPERS = "in the paper; empty where the paper did not run the same"


def _with_ends(meanings: Mapping[str, str], *names: str) -> dict[str, str]:
    """Meanings of quantities and of the ends of their intervals."""
    ends = ("low", "high", "session_low", "session_high")
    return {name: meanings[name] for name in names} | {f"{name}_{end}": COMMON[end] for name in names for end in ends}


def _table(name: str, what: str, columns: Mapping[str, str]) -> ResultFile:
    return ResultFile(f"results/tables/{name}.csv", "make_table", what, columns)


_UAR = described(
    uar_rows.COLUMNS,
    {
        "heading": "kind of model, as the config has it",
        "n": "utterances",
        "uar_none": PAIRED["uar_none"],
        "uar_correct": PAIRED["uar_correct"],
        "delta": PAIRED["gain"],
        **{f"{name}_low": COMMON["ci_low"] for name in ("none", "correct", "delta")},
        **{f"{name}_high": COMMON["ci_high"] for name in ("none", "correct", "delta")},
        "mcnemar_p": "p of an exact McNemar test of both",
        "published_none": f"UAR without cues {_PAPERS}",
        "published_correct": f"UAR with correct tokens {_PAPERS}",
        "deviation_none": "ours minus the paper's",
        "deviation_correct": "ours minus the paper's",
        "uar_none_mean_of_sessions": "mean of the sessions' UARs without cues, of contrastive systems",
        "deviation_none_mean_of_sessions": "that minus the paper's",
    },
)
_INTERVENTIONS = described(
    interventions.COLUMNS,
    COMPARED
    | {
        "uar_a": "UAR of a",
        "uar_b": "UAR of b",
        "published_delta": f"difference {_PAPERS}",
        "published_low": f"ends of its interval {_PAPERS}",
        "published_high": f"ends of its interval {_PAPERS}",
        "published_p": f"p {_PAPERS}",
        "published_p_below": f"bound below which p lies {_PAPERS}",
        "published_holm_below": f"bound below which p after Holm lies {_PAPERS}",
        "published_uar": f"UAR of a {_PAPERS}",
        "deviation": "our difference minus the paper's",
    },
)
_SHIFTS = described(
    shifts.COLUMNS,
    {
        "p": STRENGTH,
        **{name: MOVED[name] for name in ("changed_from_correct", "changed_from_none")},
        "neutral": MOVED["share_of_predictions"],
        "neutral_of_errors": MOVED["share_of_errors"],
        **{f"{name}_delta": "that minus the share with correct tokens" for name in ("neutral", "neutral_of_errors")},
        **{f"{name}_{end}": COMMON[end] for name in ("neutral", "neutral_of_errors") for end in ("low", "high")},
    },
)
_READING = described(
    reading.COLUMNS,
    {
        "concept": "one of the six",
        "share": "share of the log-odds' variation that the concept explains",
        "agreement": "correlation of the concept's token effects with the corpus",
        **{f"{name}_{end}": COMMON[end] for name in ("share", "agreement") for end in ("low", "high")},
        "marked": "effects that differ from 0 when all are tested together",
        "effects": "effects of the concept's tokens",
        "strongest_token": "token with the strongest effect",
        "strongest_label": "label with the strongest effect",
        "strongest_effect": "that effect on the log-odds, nats",
        "partner": "concept with which it explains most beyond both",
        "partner_share": "share of the log-odds' variation that both explain so",
    },
)
_SENSITIVITY = described(
    sensitivity.COLUMNS,
    {
        "choice": "of the tokenisation that is made otherwise",
        **dict.fromkeys(CONCEPTS, "share of utterances whose token of the concept changes"),
        "any": "share of utterances with any token that changes",
        "steps": "how many bins apart the changed tokens are, on average",
    },
)
_MEASURED = ("uar_none", "answers_moved", "follow_index", "correct_minus_none_95", "cost_shuffle", "cost_conflict")
_VERDICTS = described(
    verdicts.COLUMNS,
    {
        "verdict": "one of those in `docs/reading-results.md`",
        "reason": "why, in words",
        "uar_none": PAIRED["uar_none"],
        **{name: RELIED[name] for name in ("answers_moved", "follow_index")},
        **{name: f"UAR of {name[5:]} minus that of `reference`" for name in ("cost_shuffle", "cost_conflict")},
        "correct_minus_none_95": PAIRED["gain"],
        **{f"{name}_low": "ends of the interval that the rule reads" for name in _MEASURED},
        **{f"{name}_high": "ends of the interval that the rule reads" for name in _MEASURED},
        "reference": "what costs are measured against: `log-odds` (a block without content), `blank` or `audio-only`",
        "noise_floor": "share of answers that change if the same prompts are asked in other packs",
        "with_half_margins": "the verdict with margins half as large",
        "with_twice_margins": "the verdict with margins twice as large",
        "missing": "conditions that the rule needs and the study did not run",
        "sentence": "verdict and reason, with the numbers that decide",
    },
)
_CORPORA = described(
    corpora.COLUMNS,
    {
        "utterances": "of the split",
        "classes": "utterances of each label",
        "speakers": "of the split",
        **{name: f"speakers whose gender is {name}" for name in ("female", "male", "unknown")},
        "hours": "h of sound",
        "shortest": "shortest utterance, s",
        "longest": "longest utterance, s",
        "excluded": "utterances that were left out for bad audio",
    },
)
_PLAN = {
    **{name: COMMON[name] for name in ("dataset", "split", "model")},
    "utterances": "that the model is asked about",
    "prompts": "distinct prompts of all conditions",
    "jobs": "shards of the model",
    "gpu": "whether its jobs need a GPU",
    "seconds_per_utterance": "s for all conditions",
    "seconds_to_load": "s before the first answer",
    "source": "where these times come from",
    "hours_per_job": "h",
    "hours": "h of all jobs",
    "limit_hours": "time limit of a job, h",
    "advice": "what to change in the config; empty if nothing",
}

SHOWN_FILES = (
    _table("verdicts", "The verdict on each model, with the numbers that decide", _VERDICTS),
    _table(
        "reliance",
        "How much the cues move each model",
        described(reliance.COLUMNS, _with_ends(RELIED, *(name for name in RELIED if name in reliance.COLUMNS))),
    ),
    _table("reading", "How each model reads each concept", _READING),
    _table(
        "concepts",
        "Concepts, their descriptors and their tokens (Table I)",
        described(
            concepts.COLUMNS,
            {
                "concept": "one of the six",
                "descriptors": "of which its score is the mean; a minus sign: with the sign turned",
                "tokens": "from low to high, where they have an order",
                "tokenisation": "how a score becomes a token",
                "per_gender": "datasets on which each gender has its own edges",
            },
        ),
    ),
    _table("corpora", "What was used of each corpus", _CORPORA),
    _table(
        "checks",
        "The checks of each model (`checks.csv`), side by side",
        described(checks.COLUMNS, {name: CHECKED[name] for name in CHECKED if name in checks.COLUMNS}),
    ),
    _table("uar", "UAR of each model without and with correct tokens", _UAR),
    _table("aibo", "The same on FAU-Aibo (Table II); made only if that corpus is run", _UAR),
    _table("iemocap", "The same on IEMOCAP (Table III); made only if that corpus is run", _UAR),
    _table("interventions", "All comparisons of conditions (`comparisons.csv`), beside the paper's", _INTERVENTIONS),
    _table("shifts", "Where answers go under each condition (`shifts.csv`)", _SHIFTS),
    _table(
        "models",
        "Differences between every two models (`models.csv`)",
        described(
            models.COLUMNS,
            {
                "a": "id of the first model",
                "b": "id of the second model",
                "quantity": f"`{'`, `'.join(PAIRED)}`",
                "n": "utterances",
                "delta": "the quantity of a minus that of b",
                "p": "by swapping both models within speakers for UAR, by the jackknife's t for the others",
                "holm_p": "`p` after Holm over a split",
            },
        ),
    ),
    _table("sensitivity", "How many tokens change when one choice of the tokenisation is made otherwise", _SENSITIVITY),
    _table(
        "blocks",
        "How many perturbed blocks hold a pair of tokens that no utterance has",
        described(
            blocks.COLUMNS,
            {
                "condition": "id of the condition; empty for real blocks against those of other speakers",
                "impossible": "share of blocks with such a pair",
                "distance": "tokens to the nearest real block, mean",
            },
        ),
    ),
    ResultFile("results/tables/{table}.tex", "make_table", "The table for a paper (`docs/papers.md`)"),
    ResultFile("results/tables/{table}.md", "make_table", "The table as Markdown"),
    ResultFile(
        "results/tables/{table}.json",
        "make_table",
        "The table as the results page shows it",
        {
            "caption": "of the table",
            "note": "below it",
            "cautions": "sentences that belong beside the numbers",
            "columns": "headings",
            "rows": "cells of text",
        },
    ),
    *(
        ResultFile(f"results/figures/{{drawing}}.{ending}", "draw_figure", f"The figure as {ending.upper()}")
        for ending in ("pdf", "svg", "png")
    ),
    ResultFile("results/figures/{drawing}.tex", "draw_figure", "The figure for a paper, with its caption (`docs/papers.md`)"),
    ResultFile(
        "results/figures/{drawing}.json",
        "draw_figure",
        "What is said of the figure",
        {
            "caption": "with numbers of the study",
            "alternative_text": "what is to be seen, for readers who cannot see it",
            "cautions": "sentences that belong beside the numbers",
            "places": "what leads to utterances on the results page: words, left, top, width and height as shares, and which utterances",
        },
    ),
    ResultFile("results/report/index.html", "make_cover", "The results page, or the cover of several"),
    ResultFile(
        "results/report/{dataset}_{split}.html", "make_page", "The results page of a dataset and split, one file that needs no network"
    ),
    ResultFile(
        "results/report/{dataset}_{split}.json",
        "make_page",
        "What the cover says of the page",
        {
            "title": "of the dataset",
            "split": COMMON["split"],
            "link": "file name of the page",
            "cautions": "about the dataset",
            "verdicts": "of each model: title, colour, verdict, sentence and cautions",
        },
    ),
    ResultFile("results/plan.csv", "plan_study", "What the study takes, model by model; made by the target `plan`", _PLAN),
    ResultFile("results/plan.md", "plan_study", "The same as Markdown, and what will be missing"),
    ResultFile(
        "results/provenance.json",
        "record_provenance",
        "What the results were made of",
        {
            "workflow": "commit of the workflow",
            "system": "operating system and processor",
            "config_sha256": "sha256 of the whole config without places on the machine",
            "config": "the parts of the config that decide the results",
            "stages": "code, commit and packages of each rule's jobs",
            "datasets": "licence, size, hash and counts of each corpus",
            "models": "revision, licence and settings of each model",
            "responses": "hash of the weights behind the answers of each model and split",
        },
    ),
    ResultFile(
        "results/provenance/….json",
        "every rule",
        "What one job ran with; its path is that of the job's log in `logs/`",
        {
            "code": "hash of the code that the job runs",
            "commit": "of the workflow",
            "packages": "and their versions",
            "rule": "of the workflow",
            "wildcards": "of the job",
        },
    ),
    ResultFile(
        "results/benchmarks/respond/{dataset}/{split}/{model}/shard{shard}.report.json",
        "respond, respond_on_gpu",
        "How fast the last run of the job was; the target `plan` reads it",
        {
            "prompts": "that were asked in this run",
            "utterances": "that they are about",
            "seconds": "s of each part of the job",
            "prompts_per_second": "in the time of answering",
            "utterances_per_second": "in the time of answering",
            "engine": "that asked a language model",
            "device": "`cpu`, or the name of the GPU",
            "tokens": "that a language model processed",
            "tflop": "that these take, 10¹² operations",
            "peak_gpu_memory_gb": "GB",
            "matmul_ceiling_tflops": "speed of large matrix products on this GPU, 10¹² operations a second",
            "share_of_matmul_ceiling": "share of that speed that was reached",
        },
        optional=(
            *("prompts_per_second", "utterances_per_second", "engine", "device", "tokens", "tflop"),
            *("peak_gpu_memory_gb", "matmul_ceiling_tflops", "share_of_matmul_ceiling"),
        ),
    ),
    ResultFile(
        "results/benchmarks/….jsonl",
        "synthesise, audit_audio, extract_descriptors, train, respond, respond_on_gpu",
        "Time and memory of a job, as Snakemake measures them",
        {
            "cpu_time": "s of computing",
            "h:m:s": "time that passed",
            "io_in": "MB read",
            "io_out": "MB written",
            "max_pss": "most memory, shared pages in parts, MB",
            "max_rss": "most memory, MB",
            "max_uss": "most memory of its own, MB",
            "max_vms": "most virtual memory, MB",
            "mean_load": "computing time over time that passed, %",
            "s": "time that passed, s",
        },
    ),
)
"""Files of the stages ``tables``, ``figures``, ``page`` and ``plan``, and of the record of how results came about."""
