"""Do audio language models use the acoustic cues that they are given, ignore them, or follow them blindly?

The library behind the workflow, from audio to figures; each arrow is a file, each name a module.

* ``corpora`` → manifest; ``audio`` reads speech, ``descriptors`` extracts eGeMAPS, ``concepts`` turns it into tokens.
* ``interventions`` perturb tokens, ``conditions`` applies them to a split, ``prompts`` words the question.
* ``models`` hold one backend per family, ``training`` makes the embedded ones, ``inference`` sweeps all conditions
  of an utterance and keeps the answers, ``predictions`` reads them.
* ``statistics`` computes UAR, intervals and tests; ``study`` gives them to ``tables`` and ``figures``.
* ``vocabulary`` and ``schema`` hold what all agree on; ``config`` is the strict model of the configuration.

Nothing here imports Snakemake.
"""

__version__ = "0.1.0"
