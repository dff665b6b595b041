"""From a corpus on disk to a checked manifest.

``readers`` read the description of a corpus, ``checks`` checks it, ``audit`` decodes every file, and ``manifests`` builds the
manifest from both. ``emosynth`` makes the embedded corpus.
"""
