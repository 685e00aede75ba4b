"""Is there a byte sequence that a parser of the ledger neither refuses nor writes again as the same bytes?

    pip install atheris
    python -m benchmarks.ledger.fuzz_parsers [PARSER…] [--seconds 600] [--found FOLDER]

Fuzzes each parser of benchmarks/shared/parser_targets.py for that many seconds, guided by coverage, from the seeds in
tests/ledger/corpus/PARSER. Inputs with new coverage go to FOLDER/PARSER, and inputs that break a parser to
FOLDER/PARSER-crash-…; put those into the corpus, which the tests replay. Prints a line for each parser: runs, new
inputs, and OK or BROKEN. Exit code 1 if any is broken.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "ledger" / "corpus"
MAX_LENGTH = 20_000
RUNS = re.compile(r"(?:Done (\d+) runs|stat::number_of_executed_units: *(\d+))")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parsers", nargs="*", metavar="PARSER")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--found", type=Path)
    arguments = parser.parse_args()
    known = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
    unknown = set(arguments.parsers) - set(known)
    if unknown:
        parser.error(f"no parser {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.found or Path(temporary)
        broken = [name for name in arguments.parsers or known if not fuzz(name, arguments.seconds, folder)]
    return 1 if broken else 0


def fuzz(name: str, seconds: int, parent: Path) -> bool:
    """Fuzz one parser in its own process, since libFuzzer ends it. Returns whether no input broke the parser."""
    folder = parent / name
    folder.mkdir(parents=True, exist_ok=True)
    before = len(list(folder.iterdir()))
    child = [sys.executable, "-m", "benchmarks.ledger.fuzz_parsers", "--child", name, str(folder), str(CORPUS / name)]
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_LENGTH}", "-timeout=20", "-print_final_stats=1"]
    run = subprocess.run(
        [*child, *limits, f"-artifact_prefix={parent / name}-"], capture_output=True, text=True, check=False
    )
    output = run.stdout + run.stderr
    runs = max((int(first or second) for first, second in RUNS.findall(output)), default=0)
    held = run.returncode == 0 and runs > 0
    print(f"{name:16} {runs:>10} runs {len(list(folder.iterdir())) - before:>6} new {'OK' if held else 'BROKEN'}")
    if not held:
        print("\n".join(output.splitlines()[-40:]))
    return held


def child(name: str, options: list[str]) -> None:
    import atheris  # noqa: PLC0415 - not a dependency: only who fuzzes has it

    with atheris.instrument_imports(include=["ledger"]):
        from benchmarks.shared.parser_targets import TARGETS  # noqa: PLC0415 - instrumented while it is imported

    target = TARGETS[name]
    atheris.Setup([sys.argv[0], *options], lambda data: target(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
