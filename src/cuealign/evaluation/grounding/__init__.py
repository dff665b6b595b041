"""How much the cues move a model, how it reads them, and the verdict, from its answers and label log-probabilities.

``trials`` turns predictions and tokens into arrays, which all else takes; ``quantities`` and the modules below it estimate, and
``verdict`` judges. The estimators are defined in docs/reading-results.md.
"""
