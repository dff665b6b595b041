"""How much the cues move a model, how it reads them, and the verdict, from its answers and label log-probabilities.

``trials`` turns predictions and tokens into arrays, which all else takes; ``quantities`` and the modules below it estimate, and
``verdict`` judges. The estimators are defined in docs/reading-results.md.
"""

MADE = ("reliance", "reading", "interactions", "speakers", "verdict")
"""What is made for every model and split, beside the analyses that a config asks for."""
