"""What several test files share: small corpora, tiny checkpoints, and runs of the workflow."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""Folder of the clone."""
