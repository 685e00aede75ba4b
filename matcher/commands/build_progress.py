"""Output on stderr while a list is built: how many files are done, and the time that the rest still takes."""

from __future__ import annotations

from pathlib import Path

from matcher.commands.progress_line import Census, ProgressLine
from matcher.model import Finding, Status
from matcher.sources.folder import FolderSource


class BuildProgress:
    """Counts the files of a folder, and shows those that are done. Call `stop` at the end, however it came."""

    def __init__(self, folder: Path, *, quiet: bool) -> None:
        self._line = ProgressLine()
        self._unreadable = 0
        self._census = Census(FolderSource(folder)) if folder.is_dir() and not quiet else None
        if self._census is not None:
            self._line.prepare()

    def examined(self, finding: Finding) -> None:
        """Count a file; report where it is time."""
        self._unreadable += finding.status is Status.UNREADABLE
        if self._line.add(finding.size or 0) and self._census is not None:
            parts = self._line.report(self._census)
            if self._unreadable:
                parts.append(f"{self._unreadable:,} unreadable")
            self._line.show(", ".join(parts))

    def stop(self) -> None:
        """Remove the line, and stop counting."""
        if self._census is not None:
            self._census.stop()
            self._census = None
        self._line.clear()
