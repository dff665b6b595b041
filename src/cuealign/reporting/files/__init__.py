"""Every file below ``results/``: the rule that makes it, what it is, and its columns with their units.

``docs/results.md`` is written from this (:mod:`cuealign.reporting.files.document`). Tests compare it with the outputs of the rules,
and with what a study leaves.
"""

from cuealign.reporting.files.answers import ANSWER_FILES
from cuealign.reporting.files.corpora import CORPUS_FILES
from cuealign.reporting.files.entry import ResultFile
from cuealign.reporting.files.metrics import METRIC_FILES
from cuealign.reporting.files.shown import SHOWN_FILES

PARTS: dict[str, tuple[ResultFile, ...]] = {
    "Corpora and tokens": CORPUS_FILES,
    "Models and answers": ANSWER_FILES,
    "Metrics": METRIC_FILES,
    "Tables, figures and pages": SHOWN_FILES,
}
"""All kinds of files, by headings of the page."""


def kinds(path: str) -> list[ResultFile]:
    """Kinds that a file may be of: one for every file that the workflow makes.

    Args:
        path: from the folder of the study on, with ``/`` between its parts.
    """
    return [file for files in PARTS.values() for file in files if file.matches(path)]
