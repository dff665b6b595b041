"""From a corpus on disk to a manifest that all later stages can trust.

``readers`` say what a corpus holds, ``description`` checks that, ``audit`` hears every file, ``gate`` puts both
together. ``emosynth`` makes the embedded corpus.
"""
