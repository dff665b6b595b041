"""A sweep over thirty-three conditions at full size on one GPU: the packed engine compared with common ways to evaluate.

    PYTHONPATH=src python benchmarks/sweep.py --shape audio_flamingo_3

The model has the family's full size and random weights, in bf16. A few rows of the embeddings and of the output layer are set so
that the greedy answer is one of four labels, as with a trained model: two to four tokens, end included. The tokenizer is made up;
its prompts have about as many tokens as with Qwen's.

Candidates, each from audio files on disk to labels:

* ``generate``: one prompt at a time;
* ``generate, batches of 16``: prompts of one utterance, padded;
* ``prefix``: a key-value cache of what an utterance's prompts share;
* ``packed``: this project's engine;
* ``packed, no answer known``: the same, but every answer leaves the tree and is decoded.

The ceiling is the rate of large matrix products over seconds, as in a sweep. A first burst is faster, until the GPU reaches its
power limit; its rate is reported too.
"""

import argparse
import functools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import torch
from tokenizers import Regex, Tokenizer, models, pre_tokenizers
from transformers import GenerationConfig, PreTrainedTokenizerFast, WhisperFeatureExtractor

from cuealign.core import audio
from cuealign.core.vocabulary import CONCEPTS, TOKENS
from cuealign.inference.packed import PackedEngine
from cuealign.inference.prefetch import prepare_request
from cuealign.inference.prefix import PrefixEngine
from cuealign.inference.reference import ReferenceEngine
from cuealign.inference.speed_limit import matmul_ceiling
from cuealign.interventions.apply import apply_intervention
from cuealign.models.backends.audio_flamingo_3 import AudioFlamingo3, AudioFlamingo3Frontend
from cuealign.models.backends.qwen2_audio import Qwen2Audio, Qwen2AudioFrontend
from cuealign.models.base import Request
from cuealign.models.huggingface import HuggingFaceModel
from cuealign.prompts.labels import Label
from cuealign.prompts.templates import CueBlockTemplate, PromptTemplate

LABELS = [Label(word, word) for word in ("angry", "happy", "neutral", "sad")]
NEVER_SAID = [Label(word, word) for word in ("How", "does", "the", "speaker")]  # never answers of the model
PIECES = {"angry": ("ang", "ry"), "happy": ("hap", "py"), "neutral": ("neu", "tra", "l"), "sad": ("sad",)}
TEMPLATE = PromptTemplate(
    "How does the speaker in this recording feel? Answer with exactly one of these words: {labels}.",
    CueBlockTemplate("Acoustic cues: " + "; ".join(f"{concept}={{{concept}}}" for concept in CONCEPTS)),
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|AUDIO|>", "<|audio_bos|>", "<|audio_eos|>", "<sound>")
CHAT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% for part in message.content %}{% if part.type == 'audio' %}AUDIO{% else %}{{ part.text }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


class Processor:
    """Tokenizer, features and chat template under the names that frontends use."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, audio_token: str, chat: str) -> None:
        self.tokenizer, self.audio_token = tokenizer, audio_token
        self.feature_extractor = WhisperFeatureExtractor(feature_size=128)
        self.max_audio_len = 600
        tokenizer.chat_template = chat

    def apply_chat_template(self, messages: list, **arguments: Any) -> str:
        return self.tokenizer.apply_chat_template(messages, **arguments)


def tokenizer() -> PreTrainedTokenizerFast:
    """Pieces of a few letters: about as many tokens as Qwen's tokenizer makes of these prompts."""
    split = Regex(r"\s?[A-Z][a-z]{0,4}[A-Z]{0,4}|\s?[a-z]{1,3}|\n|[^A-Za-z]")
    words = {token: number for number, token in enumerate(SPECIAL)}
    inner = Tokenizer(models.WordLevel(words, unk_token="<|endoftext|>"))
    inner.pre_tokenizer = pre_tokenizers.Split(split, "isolated")
    made = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<|endoftext|>", eos_token="<|im_end|>")
    made.add_special_tokens({"additional_special_tokens": list(SPECIAL)})
    texts = [TEMPLATE.render([label.word for label in LABELS], "")]
    texts += [
        TEMPLATE.cue_block.serialise({**dict.fromkeys(CONCEPTS, ""), concept: token}) for concept in CONCEPTS for token in TOKENS[concept]
    ]
    texts += ["\nsystem\nYou are a helpful assistant.\nuser\nAudio 1: \nassistant\n", *PIECES]
    for text in texts:
        for piece, _ in inner.pre_tokenizer.pre_tokenize_str(text):
            words.setdefault(piece, len(words))
    inner.model = models.WordLevel(words, unk_token="<|endoftext|>")
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<|endoftext|>", eos_token="<|im_end|>", extra_special_tokens=list(SPECIAL[3:])
    )


def build(shape: str, layers: int | None) -> HuggingFaceModel:
    """A model of full size, or with fewer layers, on the GPU."""
    words = tokenizer()
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        if shape == "audio_flamingo_3":
            from transformers import AudioFlamingo3Config, AudioFlamingo3ForConditionalGeneration

            text = {
                **{"model_type": "qwen2", "vocab_size": 151_672, "hidden_size": 3584, "intermediate_size": 18_944},
                **{
                    "num_hidden_layers": layers or 28,
                    "num_attention_heads": 28,
                    "num_key_value_heads": 4,
                    "max_position_embeddings": 32_768,
                },
            }
            config = AudioFlamingo3Config(text_config=text, audio_token_id=words.convert_tokens_to_ids("<sound>"))
            model = AudioFlamingo3ForConditionalGeneration(config)
            frontend = AudioFlamingo3Frontend(Processor(words, "<sound>", CHAT.replace("AUDIO", "<sound>")))
            family: type[HuggingFaceModel] = AudioFlamingo3
        else:
            from transformers import Qwen2AudioConfig, Qwen2AudioForConditionalGeneration

            text = {
                **{"model_type": "qwen2", "vocab_size": 156_032, "hidden_size": 4096, "intermediate_size": 11_008},
                **{
                    "num_hidden_layers": layers or 32,
                    "num_attention_heads": 32,
                    "num_key_value_heads": 32,
                    "max_position_embeddings": 8192,
                },
            }
            config = Qwen2AudioConfig(text_config=text, audio_token_index=words.convert_tokens_to_ids("<|AUDIO|>"))
            model = Qwen2AudioForConditionalGeneration(config)
            chat = CHAT.replace("AUDIO", "Audio 1: <|audio_bos|><|AUDIO|><|audio_eos|>\n")
            frontend = Qwen2AudioFrontend(Processor(words, "<|AUDIO|>", chat))
            family = Qwen2Audio
    torch.set_default_dtype(torch.float32)
    teach(model, frontend)
    return family(model, frontend, max_new_tokens=8, fingerprint=shape)


def teach(model: torch.nn.Module, frontend: Any) -> None:
    """Set rows so that the greedy answer is a label: the embedding of each token is large and determines its successor."""
    words = frontend.tokenizer
    ids = {piece: words.convert_tokens_to_ids(piece) for pieces in PIECES.values() for piece in pieces}
    start, end = frontend.tokenise("x", 1)[-1], frontend.end_of_turn
    embeddings, head = model.get_input_embeddings().weight, model.lm_head.weight
    generator = torch.Generator(embeddings.device).manual_seed(1)
    with torch.no_grad():
        for token in {start, *ids.values()}:
            embeddings[token] = torch.randn(embeddings.shape[1], device=embeddings.device, generator=generator) * 3
        head[end] = 0
        for pieces in PIECES.values():
            for before, after in zip((start, *(ids[piece] for piece in pieces)), (*(ids[piece] for piece in pieces), end), strict=True):
                wobble = torch.randn(head.shape[1], device=head.device, generator=generator) * 0.05 if before == start else 0
                head[after] = head[after] + 0.05 * embeddings[before].sign() + wobble


def corpus(folder: Path, count: int, seconds: float | None) -> list[tuple[Path, float]]:
    """Files of noise with durations like IEMOCAP's (median 3.5 s, 0.6 to 34 s), or all of one duration."""
    random = np.random.default_rng(0)
    durations = np.clip(random.lognormal(np.log(3.6), 0.65, count), 0.6, 29.5) if seconds is None else np.full(count, seconds)
    files = []
    for number, duration in enumerate(sorted(durations, reverse=True)):
        path = folder / f"{number:05d}.wav"
        soundfile.write(path, 0.1 * random.standard_normal(int(duration * audio.RATE)), audio.RATE)
        files.append((path, float(duration)))
    return files


def requests(files: list[tuple[Path, float]]) -> list[Request]:
    """Requests with all thirty-three conditions of the default grid, from the project's interventions on random tokens."""
    random = np.random.default_rng(1)
    names = [path.stem for path, _ in files]
    tokens = pd.DataFrame({"utterance": names} | {concept: random.choice(TOKENS[concept], len(names)) for concept in CONCEPTS})
    tokens["cue_block"] = [TEMPLATE.cue_block.serialise(row._asdict()) for row in tokens.itertuples()]
    prompts: dict[str, dict[str, None]] = {name: {} for name in names}
    grid = [("none", "0", "0"), ("correct", "0", "0"), ("conflict", "0", "0"), *(("shuffle", "0", str(seed)) for seed in range(5))]
    grid += [("corrupt", p, str(seed)) for p in ("0.2", "0.4", "0.6", "0.8", "1.0") for seed in range(5)]
    for name, p, seed in grid:
        table = apply_intervention(name, tokens, TEMPLATE.cue_block, dataset="d", split="s", p=p, seed=seed)
        for utterance, block in zip(table["utterance"], table["cue_block"], strict=True):
            prompts[utterance][TEMPLATE.render([label.word for label in LABELS], block)] = None
    return [Request(path.stem, functools.partial(audio.read, str(path)), tuple(prompts[path.stem])) for path, _ in files]


def one_by_one(model: HuggingFaceModel, request: Request) -> Iterator[str]:
    """The usual way: the whole prompt with its audio, for each condition."""
    for prompt in request.prompts:
        prepared = model.frontend.prepare(request.load_audio())
        yield model.frontend.decode(model.generate(model.frontend.tokenise(prompt, prepared.tokens), prepared))


def in_batches(model: HuggingFaceModel, request: Request, size: int = 16) -> Iterator[str]:
    """The same in batches of prompts, padded in front."""
    prepared = model.frontend.prepare(request.load_audio())
    end = model.frontend.end_of_turn
    greedy = GenerationConfig(do_sample=False, max_new_tokens=model.max_new_tokens, eos_token_id=end, pad_token_id=end)
    for first in range(0, len(request.prompts), size):
        rows = [model.frontend.tokenise(prompt, prepared.tokens) for prompt in request.prompts[first : first + size]]
        longest = max(map(len, rows))
        ids = torch.tensor([[end] * (longest - len(row)) + row for row in rows], device=model.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=model.device)
        with torch.compiler.set_stance("force_eager"):
            output = model.model.generate(
                input_ids=ids, attention_mask=mask, generation_config=greedy, **model.inputs([prepared] * len(rows))
            )
        for row in output[:, longest:].tolist():
            yield model.frontend.decode(row[: row.index(end) + 1] if end in row else row)


def burst() -> float:
    """Floating-point operations per second of a few large matrix products in bf16."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    times = []
    for _ in range(20):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        a @ b
        stop.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(stop) / 1000)
    return 2 * 8192**3 / statistics.median(times[5:])


def agreement(model: HuggingFaceModel, request: Request) -> dict[str, Any]:
    """Differences of scores between packed and one prompt at a time, each in bf16 and in float32. Leaves the model in float32."""

    def scores(engine: type) -> np.ndarray:
        return np.array([response.label_logprobs for response in next(engine(model, LABELS).respond([request]))])

    found = {"packed, bf16": scores(PackedEngine), "one at a time, bf16": scores(ReferenceEngine)}
    model.model.float()
    model.dtype = torch.float32
    found |= {"packed, float32": scores(PackedEngine), "one at a time, float32": scores(ReferenceEngine)}
    truth = found["one at a time, float32"]
    ordered = np.sort(truth, axis=1)
    report: dict[str, Any] = {"prompts": len(truth), "spread_of_scores": float(truth.std(axis=0).mean())}
    for name, values in list(found.items())[:3]:
        flips = truth.argmax(1) != values.argmax(1)
        report[f"{name}, from one at a time in float32"] = {
            "largest": float(np.abs(values - truth).max()),
            "mean": float(np.abs(values - truth).mean()),
            "best_label_differs": int(flips.sum()),
            "largest_margin_where_it_differs": float((ordered[:, -1] - ordered[:, -2])[flips].max(initial=0)),
        }
    return report


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    torch.cuda.synchronize()
    start = time.perf_counter()
    result = run()
    torch.cuda.synchronize()
    return time.perf_counter() - start, result


def say(what: str) -> None:
    """Progress, on standard error."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


@torch.inference_mode()
def main(arguments: argparse.Namespace) -> None:
    """Run all candidates and print a table."""
    if arguments.memory:
        torch.cuda.set_per_process_memory_fraction(arguments.memory * 1e9 / torch.cuda.get_device_properties(0).total_memory)
    say("building the model")
    model = build(arguments.shape, arguments.layers)
    matmul_burst, matmul = burst(), matmul_ceiling(torch.device("cuda"), torch.bfloat16)
    with tempfile.TemporaryDirectory() as folder:
        todo = requests(corpus(Path(folder), arguments.utterances, arguments.seconds))
        spread = [todo[int(place)] for place in np.linspace(0, len(todo) - 1, arguments.slow + 2)[1:-1]]
        ready = [prepare_request(model.frontend, request) for request in todo]
        apart, merged = sum(int(one.trie.lengths.sum()) for one in ready), sum(len(one.trie) for one in ready)
        prompts = sum(len(request.prompts) for request in todo)
        report: dict[str, Any] = {
            "gpu": torch.cuda.get_device_name(),
            "torch": torch.__version__,
            "shape": arguments.shape,
            "parameters_of_layers": model.flop_per_token / 2,
            "matmul_tflops": matmul / 1e12,
            "matmul_tflops_in_a_burst": matmul_burst / 1e12,
            "utterances": len(todo),
            "prompts": prompts,
            "tokens_per_prompt": apart / prompts,
            "tokens_per_utterance_apart": apart / len(todo),
            "tokens_per_utterance_merged": merged / len(todo),
        }
        answers: dict[str, dict[str, list[str]]] = {}
        seconds: dict[str, list[float]] = {}
        say("generating")
        list(one_by_one(model, Request("warm", spread[0].audio, spread[0].prompts[:2])))
        list(in_batches(model, spread[0]))
        prefix = PrefixEngine(model, LABELS)
        list(prefix.respond(spread[:1]))
        for request in spread:
            say(f"candidates on utterance {request.utterance}")
            for name, run in (
                ("generate", lambda request=request: list(one_by_one(model, request))),
                ("generate, batches of 16", lambda request=request: list(in_batches(model, request))),
                ("prefix", lambda request=request: [response.answer for response in next(prefix.respond([request]))]),
            ):
                taken, answers.setdefault(name, {})[request.utterance] = timed(run)
                seconds.setdefault(name, []).append(taken)
        say("packed: warm-up")
        if arguments.compile:
            model.compile()
        packed = PackedEngine(model, LABELS, budget=arguments.budget, workers=arguments.workers)
        report["warm_up_s"], _ = timed(lambda: list(packed.respond(todo[: arguments.warm])) + list(packed.respond(todo[-arguments.warm :])))
        say("packed: timing")
        torch.cuda.reset_peak_memory_stats()
        runs = []
        for _ in range(arguments.rounds):
            taken, responses = timed(lambda: list(packed.respond(todo)))
            runs.append(taken)
        report["peak_memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
        by_name = {request.utterance: [response.answer for response in found] for request, found in zip(todo, responses, strict=True)}
        per_utterance = statistics.median(runs) / len(todo)
        computed = sum(len(one.trie) + len(packed.tree.tokens) * len(one.prompts) for one in ready)
        report |= {
            "packed_s_per_utterance": per_utterance,
            "packed_prompts_per_s": prompts / statistics.median(runs),
            "packed_runs_s": runs,
            "share_of_matmul": model.flop_per_token * computed / statistics.median(runs) / matmul,
            "share_of_matmul_in_a_burst": model.flop_per_token * computed / statistics.median(runs) / matmul_burst,
            "paths": {path: sum(r.path == path for found in responses for r in found) for path in ("label", "expected", "decoded")},
        }
        say("packed, no answer known")
        unexpected = PackedEngine(model, NEVER_SAID, budget=arguments.budget, workers=arguments.workers)
        taken, responses = timed(lambda: list(unexpected.respond(todo)))
        differ = sum(
            a.answer != b
            for request, found in zip(todo, responses, strict=True)
            for a, b in zip(found, by_name[request.utterance], strict=True)
        )
        report["peak_memory_gb_no_answer_known"] = torch.cuda.max_memory_allocated() / 1e9
        report["packed, no answer known"] = {
            "s_per_utterance": taken / len(todo),
            "decoded": sum(response.path == "decoded" for found in responses for response in found),
            "answers_that_differ": differ,
        }
        # For the utterances of the slow candidates: the share of the packed time that falls to each, by its tokens.
        sizes = {one.utterance: len(one.trie) + len(packed.tree.tokens) * len(one.prompts) for one in ready}
        for name, taken in seconds.items():
            ratios = [
                slow / (statistics.median(runs) * sizes[request.utterance] / sum(sizes.values()))
                for slow, request in zip(taken, spread, strict=True)
            ]
            differ = sum(
                a != b for request in spread for a, b in zip(answers[name][request.utterance], by_name[request.utterance], strict=True)
            )
            report[name] = {
                "s_per_utterance": statistics.mean(taken),
                "prompts_per_s": sum(len(request.prompts) for request in spread) / sum(taken),
                "ratio_median": statistics.median(ratios),
                "ratio_range": [min(ratios), max(ratios)],
                "answers_that_differ": differ,
            }
        if arguments.profile:
            activities = [torch.profiler.ProfilerActivity.CUDA, torch.profiler.ProfilerActivity.CPU]
            with torch.profiler.profile(activities=activities) as profile:
                list(packed.respond(todo[: 2 * arguments.warm]))
            print(profile.key_averages().table(sort_by="cuda_time_total", row_limit=25, max_name_column_width=70))
        if arguments.compared:
            say("agreement")
            report["agreement"] = agreement(model, Request("agreement", spread[0].audio, spread[0].prompts[: arguments.compared]))
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=["audio_flamingo_3", "qwen2_audio"], default="audio_flamingo_3")
    parser.add_argument("--utterances", type=int, default=256)
    parser.add_argument("--seconds", type=float, help="duration of every utterance; by default like IEMOCAP's")
    parser.add_argument("--layers", type=int, help="layers of the language model, for a quick test")
    parser.add_argument("--slow", type=int, default=3, help="utterances given to the slow candidates")
    parser.add_argument("--compared", type=int, default=10, help="prompts whose scores are compared with one at a time")
    parser.add_argument("--budget", type=int, default=32_768)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--warm", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--memory", type=float, help="GB of the GPU's memory to use, to try a smaller one")
    parser.add_argument("--profile", action="store_true")
    main(parser.parse_args())
