"""Running LaTeX in the two styles of papers."""

import re
import shutil
import subprocess
from pathlib import Path

from tests.support import ROOT

TEMPLATES = ("ieee", "interspeech")
_COMPLAINT = re.compile(r"^(?:!|LaTeX .*Warning|Package .*Warning|Class .*Warning|Overfull|Underfull).*$", re.MULTILINE)


def compiled(folder: Path, template: str) -> str:
    """Compile a paper twice, for its references; the log of the second time."""
    for _ in range(2):
        subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", f"{template}.tex"], cwd=folder, capture_output=True, timeout=600, check=False
        )
    return (folder / f"{template}.log").read_text(encoding="utf-8", errors="replace")


def log_of(folder: Path, template: str, body: str) -> str:
    """Compile a text in the style of a template, instead of its own."""
    for file in (ROOT / "resources/papers").iterdir():
        shutil.copy(file, folder)
    (folder / "study.tex").write_text(body, encoding="utf-8")
    return compiled(folder, template)


def warnings_of(log: str) -> list[str]:
    """Errors and warnings of LaTeX."""
    return _COMPLAINT.findall(log)


def complaints(folder: Path, template: str, body: str) -> list[str]:
    """Errors and warnings on a text in the style of a template."""
    return warnings_of(log_of(folder, template, body))
