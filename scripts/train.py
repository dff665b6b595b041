"""Train a model of the workflow's own."""

from pathlib import Path

from cuealign.jobs import job
from cuealign.questionnaire import label_words, prompt_template
from cuealign.schema import MANIFEST, TOKEN_SEQUENCES
from cuealign.splits import select
from cuealign.training import recipe_module


def main(manifest: Path, tokens: Path, output: Path, *, training: dict, splits: dict, labels: dict, prompt: dict) -> None:
    utterances = select(MANIFEST.read(manifest), splits, training["split"])
    own = TOKEN_SEQUENCES.read(tokens).set_index("utterance").loc[utterances["utterance"]].reset_index()
    recipe_module(training["recipe"]).train(
        utterances, own, prompt_template(prompt), label_words(labels), Path(output), options=training["options"]
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        main(
            snakemake.input.manifest,
            snakemake.input.tokens,
            snakemake.output[0],
            training=snakemake.params.training,
            splits=snakemake.params.splits,
            labels=snakemake.params.labels,
            prompt=snakemake.params.prompt,
        )
