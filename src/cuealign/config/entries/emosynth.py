"""``emosynth``: the embedded corpus."""

from pydantic import Field

from cuealign.core.validation import StrictModel


class Emosynth(StrictModel):
    """The embedded corpus."""

    seed: int = Field(default=2026, ge=0, description="Seed of the corpus.")
    train_speakers: int = Field(default=12, ge=2, le=1_000, description="Speakers of the split `train`.")
    test_speakers: int = Field(default=12, ge=2, le=1_000, description="Speakers of the split `test`.")
    per_emotion: int = Field(default=20, ge=1, le=10_000, description="Utterances per speaker and emotion.")
