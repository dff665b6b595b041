"""Names of the verdicts."""

IGNORES = "ignores"
FORMAT = "format prior only"
ANCHORED = "uses, anchored in the audio"
PARTLY = "uses, partly follows"
FOLLOWS = "follows"
MISREADS = "misreads"
HARMED = "harmed by the cues"
UNDECIDABLE = "undecidable"
VERDICTS = (IGNORES, FORMAT, ANCHORED, PARTLY, FOLLOWS, MISREADS, HARMED, UNDECIDABLE)
"""All verdicts."""
