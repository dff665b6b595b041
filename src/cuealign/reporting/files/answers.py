"""Files of models: checkpoints that the workflow trains, and what models answer."""

from cuealign.core.schema import PREDICTIONS, RESPONSES
from cuealign.reporting.files.entry import ResultFile, described

_RESPONSE = {
    "prompt_id": "begin of the sha256 of the prompt's text",
    "answer": "what the model wrote",
    "reasoning": "what a thinking model wrote before its answer",
    "label_logprobs": "log-probability of each label's words, nats",
    "label_order": "labels of `label_logprobs`, separated by `|`",
    "path": "how the answer was found: `label`, `expected` (another answer in the tree), `decoded`, `generate` (by the reference engine) "
    "or `similarity` (without a language model)",
    "answer_tokens": "tokens of the answer, its end included",
    "prompt_tokens": "tokens of the prompt, those of the sound included",
    "audio_tokens": "tokens that stand for the sound",
    "audio_truncated": "whether the sound is longer than the model can hear",
    "cut": "whether the limit of tokens cut the answer",
    "fingerprint": "hash of the weights, and their number format",
}
_NOISE = {
    "noise_prompts": "prompts that were asked again",
    "answers_unstable": "share of answers that change if the same prompts are asked in other packs",
    "score_noise": "largest change of a log-probability then, nats",
}

ANSWER_FILES = (
    ResultFile(
        "results/models/{model}/",
        "train",
        "Checkpoint of a model that the workflow trains, as its backend loads it; `training_sounds.txt` has the sha256 of each sound "
        "that it was trained on",
    ),
    ResultFile(
        "results/responses/{dataset}/{split}/{model}/shard{shard}.parquet",
        "respond, respond_on_gpu",
        "Answers of a model to every distinct prompt of its utterances",
        described(RESPONSES.columns, _RESPONSE),
    ),
    ResultFile(
        "results/responses/{dataset}/{split}/{model}/shard{shard}.checks.json",
        "respond, respond_on_gpu",
        "What the job found out about its model",
        {
            "tensors_placed": "tensors of the checkpoint, each in its place",
            **_NOISE,
            "sounds": "sounds that were heard",
            "sounds_cut": "sounds that are longer than the model can hear",
        },
        optional=tuple(_NOISE),
    ),
    ResultFile(
        "results/responses/{dataset}/{split}/{model}/store/shard{shard}-{sha256}.parquet",
        "respond, respond_on_gpu",
        "Store of answers, also of jobs that were killed, so that none is computed again",
        described(("key", *RESPONSES.columns), _RESPONSE | {"key": "sha256 of all that the answer depends on"}),
    ),
    ResultFile(
        "results/responses/{dataset}/{split}/{model}/store/plans/shard{shard}/shard{shard}-{sha256}.parquet",
        "respond, respond_on_gpu",
        "Plan of a job on a GPU, by which a resumed one forms the same passes",
        {"number": "of the plan", "key": "of an answer in the store, in the order of asking"},
    ),
    ResultFile(
        "results/responses/{dataset}/{split}/{model}/store/noise-{key}.json",
        "respond, respond_on_gpu",
        "The measured noise of the model's answers, so that a resumed job need not measure it again",
        {"prompts": _NOISE["noise_prompts"], **{name: _NOISE[name] for name in ("answers_unstable", "score_noise")}},
    ),
    ResultFile(
        "results/predictions/{dataset}/{split}/{model}/{intervention}/p{p}/seed{seed}.parquet",
        "predict",
        "The label that is read from each answer under one condition",
        described(
            PREDICTIONS.columns,
            {
                "session": "recording session; empty where the corpus has none",
                "answer": "what the model wrote",
                "cut": "whether the limit of tokens cut the answer; it is then INVALID where answers are read",
                "prediction": "the label that is read, or INVALID",
            },
        ),
        further={str(PREDICTIONS.open_ended): "log-probability of a label, nats; one column for each"},
    ),
)
"""Files of the stages ``training``, ``answers`` and ``predictions``."""
