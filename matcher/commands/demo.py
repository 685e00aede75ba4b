"""matcher demo: a complete small case on drawn pictures, to see the tool work before trusting it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.commands.options import FOLDER
from matcher.commands.verify import show
from matcher.errors import CaseError

if TYPE_CHECKING:
    from PIL import Image

_KNOWN = range(1, 13)
_OTHERS = range(101, 141)
LIST = "demo-known"


@click.command("demo", epilog="Example: matcher demo")
@click.option("-o", "--output", type=FOLDER, help="Folder to make; matcher-demo, or the next free number, otherwise.")
def command(output: Path | None) -> int:
    """Draw pictures, hide altered copies of some of them, scan, verify and report: a whole case in under a minute.

    Nothing outside the folder is written. All pictures are drawn by the program.
    """
    from ledger import load_signer
    from matcher.commands.progress import Progress
    from matcher.executors.choosing import executor_for
    from matcher.lists.importing import ImportRequest, import_lists
    from matcher.lists.store import Store
    from matcher.model import CategoryProfile
    from matcher.record.case import REPORTS, CaseFacts, CaseReader, open_case
    from matcher.reports import ReportOptions, report
    from matcher.revisit.verify import verify_case
    from matcher.scan.make_list import make_list
    from matcher.scan.opening import ScanRequest, prepare_scan
    from matcher.scan.run import run_scan
    from matcher.settings import Settings

    begun = time.monotonic()
    folder = _free_folder() if output is None else output
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CaseError(f"{folder}: {error.strerror}") from error
    altered = _draw(folder / "known", folder / "exhibit")
    click.echo(f"drew {len(_KNOWN)} known pictures in {folder / 'known'} and an exhibit in {folder / 'exhibit'}")

    listed = folder / "known.jsonl"
    make_list(folder / "known", name=LIST, output=listed, category="1", workers=0)
    request = ImportRequest(LIST, [listed], CategoryProfile())
    imported = import_lists(Store(folder / "known.store"), request, on_refused=lambda _source, _line: None)
    click.echo(f"built the list {listed.name} and imported it: {imported.counts['entries']} entries")

    case = folder / "case"
    progress = Progress(quiet=True, jsonl=False)
    facts = CaseFacts(exhibit="DEMO-1", examiner="demo", role="demonstration")
    with open_case(case, facts, key=folder / "demo.key") as log:
        scan = ScanRequest(folder / "exhibit", folder / "known.store", case, Settings(), facts)
        closed = run_scan(log, prepare_scan(scan), executor=executor_for(None), listener=progress)
    click.echo(f"scanned {closed['items']} items into {case}\n")

    with CaseReader(case) as reader:
        findings = [finding for _scan, finding in reader.findings()]
        _table(findings)
        report_path = case / REPORTS / "report.html"
        with report_path.open("wb") as stream:
            report("html").write(reader, stream, ReportOptions())
    matched = {finding["path"] for finding in findings if finding["matches_total"]}
    click.echo(f"\n{len(altered & matched)} of {len(altered)} altered copies were found, ", nl=False)
    click.echo(f"{len(matched - altered)} of {len(findings) - len(altered)} other items matched\n")
    trusted = folder / "demo.vkey"
    with CaseReader(case) as reader:
        vkeys = load_signer(folder / "demo.key", name=reader.origin).vkeys
        trusted.write_text("".join(f"{vkey}\n" for vkey in vkeys), encoding="utf-8")
    verdict = verify_case(case, keys=trusted)
    show(verdict, case)
    click.echo(_next_steps(folder, report_path, time.monotonic() - begun))
    return 2 if verdict.problems or matched != altered else 0


def _free_folder() -> Path:
    name, number = Path("matcher-demo"), 1
    while name.exists():
        number += 1
        name = Path(f"matcher-demo-{number}")
    return name


def _draw(known: Path, exhibit: Path) -> set[str]:
    """Draw the pictures of both folders. Returns the paths, inside the exhibit, of the copies that must match."""
    from PIL import Image

    from matcher.imaging.drawing import landscape

    pictures = {seed: landscape(seed) for seed in _KNOWN}
    known.mkdir()
    for seed, image in pictures.items():
        image.save(known / f"original-{seed:02d}.png")
    copies: dict[str, tuple[Image.Image, dict[str, Any]]] = {
        "DCIM/IMG_0001.png": (pictures[1], {}),
        "DCIM/IMG_0002.jpg": (pictures[2], {"quality": 30}),
        "DCIM/IMG_0003.jpg": (pictures[3].resize((320, 240)), {"quality": 85}),
        "DCIM/IMG_0004.jpg": (pictures[4].resize((1280, 960)), {"quality": 85}),
        "DCIM/turned.jpg": (pictures[5].transpose(Image.Transpose.ROTATE_90), {"quality": 85}),
        "DCIM/upside down.jpg": (pictures[6].transpose(Image.Transpose.ROTATE_180), {"quality": 85}),
        "Downloads/mirrored.jpg": (pictures[7].transpose(Image.Transpose.FLIP_LEFT_RIGHT), {"quality": 85}),
        "Downloads/grey.jpg": (pictures[8].convert("L"), {"quality": 85}),
        "Downloads/Fotos für später/bild.webp": (pictures[9], {"quality": 60}),
        "Downloads/Fotos für später/no suffix": (pictures[10], {"format": "PNG"}),
    }
    for path, (image, options) in copies.items():
        _save(image, exhibit / path, options)
    _save(pictures[2], exhibit / "DCIM/IMG_0002 (copy).jpg", {"quality": 30})
    for seed in _OTHERS:
        _save(landscape(seed), exhibit / f"DCIM/IMG_{seed:04d}.jpg", {"quality": 90})
    whole = (exhibit / "DCIM/IMG_0101.jpg").read_bytes()
    (exhibit / "DCIM/truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (exhibit / "Downloads/text.jpg").write_text("This is a text, whatever its name says.\n", encoding="utf-8")
    (exhibit / "Downloads/notes.txt").write_text("Nothing to see.\n", encoding="utf-8")
    (exhibit / "Downloads/empty.png").write_bytes(b"")
    return {*copies, "DCIM/IMG_0002 (copy).jpg"}


def _save(image: Image.Image, path: Path, options: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def _table(findings: list[dict[str, Any]]) -> None:
    """Print a table of all findings but those of examined pictures without a match, which are only counted."""
    rows = [("path", "status", "nearest match", "by", "distance", "transform")]
    plain = 0
    for finding in findings:
        if finding["matches"]:
            match = finding["matches"][0]
            distance = f"{match['distance']} of {match['threshold']}"
            entry = match["entry"].split("/")[-1][:12]
            rows.append((finding["path"], finding["status"], entry, match["algorithm"], distance, match["transform"]))
        elif finding["status"] == "examined":
            plain += 1
        else:
            rows.append((finding["path"], f"{finding['status']}: {finding['reason']}", "", "", "", ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    click.echo(f"… and {plain} pictures that were examined and match nothing")


def _next_steps(folder: Path, report_path: Path, seconds: float) -> str:
    """The commands to try next, quoted so that they work as they are pasted into this shell."""
    tool = _tool()
    store, case, turned = folder / "known.store", folder / "case", folder / "exhibit" / "DCIM" / "turned.jpg"
    key, vkey = folder / "demo.key", folder / "demo.vkey"
    decide = ("decide", "--case", case, "--path", "DCIM/turned.jpg", "--verdict", "confirmed", "--key", key)
    return f"""
done in {seconds:.0f} s. What to try next:
  open the report            {report_path}
  one picture                {quoted(*tool, "match", turned, "--store", store)}
  the case's findings        {quoted(*tool, "findings", "--case", case, "--status", "unreadable")}
  a decision of yours        {quoted(*tool, *decide)}
  an exhibit of the case     {quoted(*tool, "export", "--case", case, "-o", folder / "for-the-other-side")}
  verified by Python alone   {quoted(sys.executable, folder / "for-the-other-side" / "verify.py")}
  the case, verified         {quoted(*tool, "verify", "--case", case, "--keys", vkey)}
                             (then change a byte of {case / "case.ledger"}, and verify it again)
  a real scan                {quoted(*tool, "lists", "import")} LIST --store STORE --name NAME
                             {quoted(*tool, "scan")} FOLDER --store STORE --case CASE --examiner YOU --exhibit NUMBER"""


def _tool() -> tuple[str, ...]:
    """How this program was called: by its script, else as a module of this Python, which works in any folder."""
    script = Path(sys.argv[0])
    if script.stem != "matcher":
        return (sys.executable, "-m", "matcher")
    found = shutil.which("matcher")
    return ("matcher",) if found is not None and Path(found).resolve() == script.resolve() else (sys.argv[0],)


def quoted(*words: str | Path) -> str:
    """A command line for the shell of this system."""
    texts = [str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)
