"""Make the cover of the results pages; a study of one page needs none, and its cover is the page."""

from pathlib import Path

from cuealign.core.plain_files import read_written
from cuealign.reporting.page.cover import Part, cover_html
from cuealign.runtime import job


def main(pages: list[Path], summaries: list[Path], cover: Path) -> None:
    if len(pages) == 1:
        cover.write_bytes(pages[0].read_bytes())
    else:
        cover.write_text(cover_html([read_written(path, Part) for path in summaries]), encoding="utf-8")


if __name__ == "__main__":
    job.run(main, snakemake)
