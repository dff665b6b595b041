"""Files of the evaluation: what the predictions of each model say."""

from cuealign.evaluation.analyses import comparisons, conditions, confusion, shifts, trend
from cuealign.evaluation.columns import CHECKS, INTERACTIONS, MODEL_PAIRS, READING, RELIANCE, SPEAKERS
from cuealign.reporting.files.entry import COMMON, ResultFile, described

FOLDER = "results/metrics/{dataset}/{split}/{model}"
STRENGTH = "strength of the intervention, 0 where it has none"
COMPARED = {
    "a": "id of the first condition",
    "b": "id of the second condition",
    "delta": "UAR of a minus UAR of b, both averaged over seeds",
    "mcnemar_p": "p of an exact McNemar test; over several seeds the largest",
    "holm_paper_p": "`mcnemar_p` after Holm over the paper's family; empty for other rows",
    "holm_p": "`mcnemar_p` after Holm over all rows",
    "swap_p": "p of swapping both conditions within speakers, of UAR itself",
    "swap_holm_p": "`swap_p` after Holm over all rows",
    "detectable": "smallest difference of UAR that the study finds with a power of 80 %",
}
CHECKED = {
    "tensors_placed": "tensors of the checkpoint, each in its place",
    "answers": "answers over all conditions",
    "entropy": "mean entropy of the scores over the labels, nats",
    "label_mass": "mean probability of answers that are a label alone",
    "best_score_agrees": "share of read answers that are the label with the best score",
    "invalid_share": "share of answers that name no label or several",
    "cut_share": "share of answers that the limit of tokens cut",
    "sounds_cut": "share of sounds that are longer than the model can hear",
    "resamples_left_out": "share of resamples that lack a rare class",
    "noise_prompts": "prompts that were asked again in other packs",
    "score_noise": "largest change of a log-probability if prompts are asked again in other packs, nats",
    "smallest_difference": "smallest significant difference of UAR",
    "answers_unstable": "share of answers that change if prompts are asked again in other packs",
}
RELIED = {
    "answers_moved": "share of answers that differ between two blocks of other utterances",
    "share_answers": "share of the answers' variation that these blocks make",
    "share_logodds": "share of the log-odds' variation that random tokens make",
    "share_logodds_additive": "share of the log-odds' variation that single tokens explain",
    "share_<CONCEPT>": "share of the log-odds' variation that one concept explains",
    "equivalent_cue_weight": "place between the listener to audio (0) and the listener to cues (1)",
    "direction": "correlation of the token effects with those of the listener to cues",
    "reading_agreement": "correlation of the token effects with the corpus",
    "reading_agreement_<CONCEPT>": "the same for one concept",
    "reading_ceiling": "the same for the listener to cues",
    "information_bits": "mutual information of answer and tokens, given the audio, bits",
    "js_bits_<condition>": "Jensen–Shannon divergence from the audio-only label probabilities, bits",
    "follow_index": "0 if answers do not depend on what tokens say, 1 if they are always what tokens mean in the corpus",
    "follow_index_spread": "standard deviation of the speakers' follow indices over their mean",
    "own_reader_index": "follow index against the model's own reading",
    "conflict_follow_rate": "share of answers that conflicting tokens mean, beyond foreign blocks",
    "format": "UAR of a block without content minus that of audio-only",
    "gain": "UAR of correct tokens minus that of a block without content",
    "cost_shuffle": "UAR of shuffled tokens minus that of a block without content",
    "cost_conflict": "UAR of conflicting tokens minus that of a block without content",
    "format_ratio": "share of the whole gain that is format",
    "flips_<condition>": "share of answers that differ from audio-only",
    "neutral_<condition>": "share of answers that say `grounding.towards`",
    "calibration_error_<condition>": "expected calibration error over fifteen bins",
    "prior_shift_<condition>": "shift of the class-balanced mean log-odds from audio-only, nats",
    "discrimination_<condition>": "how far the right label's log-odds lie above the mean of all labels', nats",
    "trend_slope": "slope of UAR over the strength of corruption",
}
PAIRED = {
    "uar_none": "UAR without cues",
    "uar_correct": "UAR with correct tokens",
    "gain": "UAR with correct tokens minus UAR without cues",
    "share_answers": "share of the answers' variation that blocks of other utterances make",
    "follow_index": "follow index",
}
MOVED = {
    "share_of_predictions": "share of predictions that name the label of `analyses.shifts.towards`",
    "share_of_errors": "share of wrong predictions that name the label of `analyses.shifts.towards`",
    "changed_from_correct": "share of predictions that differ from those with correct tokens",
    "changed_from_none": "share of predictions that differ from those without cues",
    "predicted:<label>": "share of one prediction",
    "recall:<label>": "recall of one class",
    "uar:<session>": "UAR of one recording session",
}

METRIC_FILES = (
    ResultFile(
        f"{FOLDER}/conditions.csv",
        "evaluate",
        "UAR of each condition, and its mean over seeds",
        described(
            conditions.COLUMNS,
            {
                "p": STRENGTH,
                "seed": "of the random draw; `mean` for the mean over seeds",
                "n": "utterances",
                "uar": "unweighted average recall",
                "uar_mean_of_sessions": "mean of the UARs of the recording sessions; empty where there are not several",
                "invalid_rate": "share of answers that name no label or several",
                "cut": "answers that the limit of tokens cut",
            },
        ),
    ),
    ResultFile(
        f"{FOLDER}/comparisons.csv",
        "evaluate",
        "Differences in UAR: correct tokens against each other condition, and each perturbation against audio-only",
        described(comparisons.COLUMNS, COMPARED),
    ),
    ResultFile(
        f"{FOLDER}/trend.csv",
        "evaluate",
        "How UAR changes with the strength of an intervention",
        described(
            trend.COLUMNS,
            {
                "spearman_rho": "rank correlation of UAR and strength over runs",
                "spearman_p": "its p",
                "n": "runs",
                "slope": "slope of UAR over strength",
                "slope_low": COMMON["low"],
                "slope_high": COMMON["high"],
                "slope_swap_p": "p of turning the order of the strengths around within speakers",
            },
        ),
    ),
    ResultFile(
        f"{FOLDER}/confusion.csv",
        "evaluate",
        "Confusions of each condition, summed over seeds",
        described(confusion.COLUMNS, {"p": STRENGTH, "prediction": "the label that was read, or INVALID", "count": "answers"}),
    ),
    ResultFile(
        f"{FOLDER}/shifts.csv",
        "evaluate",
        "Where answers go under each condition, averaged over seeds",
        described(shifts.COLUMNS, {"p": STRENGTH, "delta": "the quantity minus that of correct tokens"}),
        rows=MOVED,
    ),
    ResultFile(
        f"{FOLDER}/checks.csv",
        "summarise_checks",
        "Signs that answers or scores are not what they seem",
        described(CHECKS, {"caution": "what the value warns of; empty where it is as it should be"}),
        rows=CHECKED,
    ),
    ResultFile(
        f"{FOLDER}/reliance.csv",
        "measure_grounding",
        "How much the cues move the model; `docs/reading-results.md` defines every row",
        described(RELIANCE, {}),
        rows=RELIED,
    ),
    ResultFile(
        f"{FOLDER}/reading.csv",
        "measure_grounding",
        "The effect of each token on the log-odds of each label",
        described(
            READING,
            {
                "concept": "of the token",
                "token": "of which the effect is",
                "label": "of which the log-odds are",
                "effect": "of the token on the log-odds of the label, nats",
                "marked": "whether it differs from 0 when all effects are tested together",
                "corpus": "effect of the token in the corpus itself, nats",
            },
        ),
    ),
    ResultFile(
        f"{FOLDER}/interactions.csv",
        "measure_grounding",
        "What pairs of concepts explain beyond both",
        described(
            INTERACTIONS,
            {
                "concept_a": "the first concept",
                "concept_b": "the second concept",
                "share": "of the log-odds' variation that their combination explains beyond both",
            },
        ),
    ),
    ResultFile(
        f"{FOLDER}/speakers.csv",
        "measure_grounding",
        "The follow index of each speaker",
        described(SPEAKERS, {"follow_index": RELIED["follow_index"], "n": "utterances"}),
    ),
    ResultFile(
        f"{FOLDER}/verdict.json",
        "measure_grounding",
        "The verdict on the model",
        {
            "verdict": "one of those in `docs/reading-results.md`",
            "reason": "why, in words",
            "sentence": "both, with the numbers that decide",
            "at_chance": "whether UAR without cues may be chance",
            "numbers": "what the rule reads, with intervals and their confidence",
            "margins": "of the config (`grounding.margins`)",
            "reference": "what costs are measured against: `log-odds` (a block without content), `blank` or `audio-only`",
            "follow_index_spread": RELIED["follow_index_spread"],
            "other_margins": "the verdict with margins half and twice as large",
            "missing": "conditions that the rule needs and the study did not run",
        },
    ),
    ResultFile(
        "results/metrics/{dataset}/{split}/models.csv",
        "compare_models",
        "Differences between every two models on a split",
        described(
            MODEL_PAIRS,
            {
                "a": "id of the first model",
                "b": "id of the second model",
                "n": "utterances",
                "delta": "the quantity of a minus that of b",
                "p": "by swapping both models within speakers for UAR, by the jackknife's t for the others",
                "holm_p": "`p` after Holm over all rows",
            },
        ),
        rows=PAIRED,
    ),
)
"""Files of the stage ``metrics``."""
