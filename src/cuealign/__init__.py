"""Do audio language models use the acoustic cues that they are given, ignore them, or follow them blindly?

The library behind the workflow. Its parts lie in the order in which data flows; imports run downwards only.

* ``core``: words, table schemas, audio, errors, seeded random numbers, validation, the plug-in registry.
* ``config.entries``: what a user writes, one model per section of the config.
* ``runtime``: the frame of a job, GPU locks, parallel maps, progress, append-only folders, code versions.
* ``corpora``: from a corpus on disk to a manifest: readers, checks, audit, splits, and the embedded corpus.
* ``cues``: from audio to concept tokens: descriptors, their extraction, the tokenizer.
* ``prompts``: the question, the words of the labels, and how an answer is read.
* ``interventions``: what is done to the tokens while the audio stays as it is.
* ``models``: one backend per family, and the recipes that train the embedded models.
* ``inference``: all conditions of an utterance in one pass, and the store that keeps the answers.
* ``evaluation``: predictions, UAR, resampling, tests, and the analyses made of them.
* ``reporting``: tables, figures, the plan of a study, and its provenance.
* ``config``: the whole configuration, its checks across sections, and the grid.

The library does not import Snakemake: scripts are the only place where both meet.
"""

from cuealign.core.quiet_jobs import end_quietly_when_interrupted

__version__ = "0.2.0"

# Here, as jobs import this package before anything that takes long to load.
end_quietly_when_interrupted()
