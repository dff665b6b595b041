"""The sounds that a model was trained on, kept beside its weights: it must not be tested on them, whatever the corpus is called."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cuealign.core import audio
from cuealign.core.errors import InputError, raise_all

FILE = "training_sounds.txt"
"""Name of the file in the folder of a checkpoint: one sha256 of decoded samples a line."""


def keep(folder: Path, sounds: Iterable[str]) -> None:
    """Write the sounds beside the weights.

    Args:
        folder: of the checkpoint.
        sounds: fingerprints (:func:`cuealign.core.audio.fingerprint`).
    """
    (folder / FILE).write_text(
        "".join(f"{sha256}\n" for sha256 in sorted({audio.same_samples(sound) for sound in sounds})), encoding="ascii"
    )


def refuse(folder: Path | str | None, manifest: pd.DataFrame, *, model: str) -> None:
    """Refuse utterances that a model was trained on. Nothing is known about models that others trained.

    Args:
        folder: of the checkpoint; None or a folder without :data:`FILE` for models that others trained.
        manifest: utterances to test the model on, columns ``utterance``, ``file`` and ``audio_sha256``.
        model: id, for messages.

    Raises:
        InputError: lists the utterances.
    """
    path = Path(folder or "", FILE)
    if not folder or not path.is_file():
        return
    try:
        known = set(path.read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); train the model again with --forcerun train") from error
    if not known:
        raise InputError(f"{path}: is empty, so nobody can tell what the model was trained on; train it again with --forcerun train")
    heard = manifest[manifest["audio_sha256"].map(audio.same_samples).isin(list(known))]
    raise_all(
        (f"utterance {row.utterance}: {row.file}" for row in heard.itertuples()),
        where=f"model {model} was trained on {len(heard)} of the {len(manifest)} sounds that it is to be tested on; take them out of "
        "one of both",
    )
