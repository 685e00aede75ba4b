"""IsolatedMatcher: the findings of Matcher, whatever a picture does to the process that decodes it."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from PIL import Image

from matcher import IsolatedMatcher, Matcher, MatcherError, Settings, SettingsError, StoreError
from matcher.executors.limits import system_enforces
from matcher.imaging.drawing import landscape
from matcher.imaging.picture import turn
from matcher.model import Finding, Hash, Reason, Status

pytestmark = [pytest.mark.process, pytest.mark.slow]

Encode = Callable[..., bytes]
MakeStore = Callable[..., Path]
Workers = Callable[[], set[int]]

ABORTS, SLEEPS, HOARDS, FAULTS, DIES_ONCE, SLEEPS_ONCE, SWELLS = range(101, 108)
"""Widths of pictures, and what our plug-in hasher does with them."""

PLUG_IN = f"""
import ctypes, os, time
from pathlib import Path
from matcher.algorithms import Algorithm, Metric
from matcher.model import Hash

def first(name):
    try:
        (Path(os.environ["LABHASH_MARKS"]) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True

class LabHasher:
    algorithm = Algorithm("labhash", 8, Metric.HAMMING, threshold=3)
    profile = "labhash: a test's"
    margin = 0

    def hash(self, picture):
        width = picture.image.width
        if width == {ABORTS} or width == {DIES_ONCE} and first("died"):
            os.abort()
        if width == {SLEEPS} or width == {SLEEPS_ONCE} and first("slept"):
            time.sleep(3600)
        if width == {HOARDS}:
            held = [bytearray(1 << 26) for _ in range(1 << 14)]
        if width == {FAULTS}:
            ctypes.string_at(0)
        if width == {SWELLS}:
            held = bytearray(b"1") * (600 << 20)
            time.sleep(3600)
        return Hash("labhash", os.getpid().to_bytes(8, "big"))

    def turned(self, picture):
        return (self.hash(picture),) * 8

    def confirm(self, picture, transform):
        return self.hash(picture)

HASHER = LabHasher()
"""

WITH_PLUG_IN = Settings(algorithms=("md5", "sha256", "pdq", "phash", "labhash"))


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package, as workers find it too."""
    from matcher import hashers
    from matcher.lists.formats import values

    folder = tmp_path / "installed"
    facts = folder / "labhash-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "labhash_plug_in.py").write_text(PLUG_IN, encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: labhash\nVersion: 1.0\n", encoding="utf-8")
    (facts / "entry_points.txt").write_text("[matcher.hashers]\nlabhash = labhash_plug_in:HASHER\n", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("LABHASH_MARKS", str(tmp_path))
    caches = (hashers._registered, hashers.hasher, values._indexed, values._digits)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture(scope="module")
def isolated(known_store: Path) -> Iterator[IsolatedMatcher]:
    with IsolatedMatcher.open(known_store, workers=2) as opened:
        yield opened


def picture(width: int, seed: int = 1) -> Image.Image:
    return landscape(seed, width=width, height=90)


def worker_processes() -> set[int]:
    """The worker processes of this one."""
    found = set()
    for child in psutil.Process().children():
        if any("spawn_main" in part for part in child.cmdline()):
            found.add(child.pid)
    return found


@pytest.fixture
def workers() -> Workers:
    """The worker processes that a test has started and that live."""
    before = worker_processes()
    return lambda: worker_processes() - before


def inputs(encoded: Encode, known_folder: Path) -> list[tuple[bytes, str]]:
    known = [(path.read_bytes(), path.name) for path in sorted(known_folder.iterdir())]
    turned = [(encoded(turn(picture(200, seed), "rotate90"), "JPEG"), f"{seed}.jpg") for seed in range(1, 5)]
    cut = [(data[: len(data) // 2], name) for data, name in known[:2]]
    odd = [
        (b"", ""),
        (b"", "empty.jpg"),
        (b"text", "a.txt"),
        (b"\xff\xd8\xff", "\udcff\ud800.jpg"),
        (bytes(9 << 20), "z"),
    ]
    heif = [(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "\u0000\n")]
    return [*known, *turned, *cut, *odd, *heif]


class TestSameAsMatcher:
    def test_findings_from_many_threads(
        self, isolated: IsolatedMatcher, known_store: Path, known_folder: Path, encoded: Encode
    ) -> None:
        matcher = Matcher.open(known_store)
        given = inputs(encoded, known_folder) * 3
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda one: isolated.examine(one[0], name=one[1], exhibit="E1"), given)
            assert list(found) == [matcher.examine(data, name=name, exhibit="E1") for data, name in given]
        assert len(worker_processes()) >= 2

    def test_digests_that_are_given(self, isolated: IsolatedMatcher, known_store: Path) -> None:
        for given in ({"md5": bytes(16)}, [Hash("sha256", bytes(32)), Hash("sha1", bytes(20))]):
            finding = isolated.examine(b"text", digests=given)
            assert finding == Matcher.open(known_store).examine(b"text", digests=given)

    def test_other_kinds_of_bytes(self, isolated: IsolatedMatcher, known_folder: Path) -> None:
        data = (known_folder / "1.png").read_bytes()
        expected = isolated.examine(data)
        assert expected.status is Status.KNOWN
        assert isolated.examine(bytearray(data)) == isolated.examine(memoryview(data)) == expected

    def test_lookup(self, isolated: IsolatedMatcher, known_store: Path, known_folder: Path) -> None:
        matcher = Matcher.open(known_store)
        hashes = matcher.examine((known_folder / "1.png").read_bytes()).computed
        assert isolated.lookup_many(hashes) == matcher.lookup_many(hashes)
        assert isolated.not_computed == matcher.not_computed == {}
        for value in hashes:
            (match,) = isolated.lookup(value)
            assert isolated.disposition(match) is matcher.disposition(match)

    def test_wrong_arguments(self, isolated: IsolatedMatcher, known_store: Path) -> None:
        for wrong in (None, "text", 5, Path("a.jpg")):
            with pytest.raises(TypeError, match="data: bytes are expected"):
                isolated.examine(wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="name and exhibit"):
            isolated.examine(b"", name=Path("a.jpg"))  # type: ignore[arg-type]
        with pytest.raises(SettingsError, match="md5: a value of 3 bytes, not 16"):
            isolated.examine(b"", digests={"md5": b"abc"})
        for limits in ({"workers": 0}, {"seconds": 0}, {"memory": 0}, {"seconds": float("nan")}):
            with pytest.raises(SettingsError):
                IsolatedMatcher.open(known_store, **limits)

    def test_what_cannot_be_opened(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError):
            IsolatedMatcher.open(tmp_path / "none")

    def test_a_file_too_large_to_be_decoded_stays_in_this_process(self, known_store: Path, known_folder: Path) -> None:
        settings = Settings(max_bytes=1000)
        data = (known_folder / "1.png").read_bytes()
        with IsolatedMatcher.open(known_store, workers=1, settings=settings, memory=1) as opened:
            finding = opened.examine(data)
            assert opened.examine(data) == finding
        with pytest.raises(MatcherError, match="closed"):
            opened.examine(data)
        assert (finding.status, finding.reason) == (Status.KNOWN, Reason.TOO_MANY_BYTES)
        assert finding == Matcher.open(known_store, settings=settings).examine(data)


@pytest.mark.usefixtures("plug_in")
class TestFailures:
    """A crash, a hang, and memory without end cost one call each."""

    @pytest.mark.parametrize(
        ("width", "reason"),
        [
            (ABORTS, Reason.WORKER_DIED),
            (FAULTS, Reason.WORKER_DIED),
            (SLEEPS, Reason.TIMED_OUT),
            (HOARDS, Reason.OUT_OF_MEMORY),
        ],
    )
    def test_a_finding_with_digests(
        self, known_store: Path, encoded: Encode, make_store: MakeStore, width: int, reason: Reason
    ) -> None:
        data = encoded(picture(width))
        plain = Matcher.open(known_store).examine(data)
        listed = make_store([{"id": "a", "algorithm": "sha256", "value": (plain.sha256 or b"").hex()}])
        with IsolatedMatcher.open(
            listed, workers=1, settings=WITH_PLUG_IN, seconds=3 if width == SLEEPS else 60, memory=1 << 30
        ) as opened:
            finding = opened.examine(data, name="a.png", exhibit="E1")
            assert opened.examine(encoded(picture(99))).status is Status.EXAMINED  # it goes on
        assert (finding.status, finding.reason, finding.notable) == (Status.KNOWN, reason, True)
        assert (finding.path, finding.exhibit, finding.size) == ("a.png", "E1", len(data))
        assert finding.digests == plain.digests
        assert [match.algorithm for match in finding.matches] == ["sha256"]
        assert finding.pictures == () or reason is Reason.OUT_OF_MEMORY

    @pytest.mark.parametrize("width", [DIES_ONCE, SLEEPS_ONCE])
    def test_what_succeeds_at_the_second_try(self, known_store: Path, encoded: Encode, width: int) -> None:
        with IsolatedMatcher.open(known_store, workers=1, settings=WITH_PLUG_IN, seconds=4) as opened:
            finding = opened.examine(encoded(picture(width)))
        assert (finding.status, finding.reason) == (Status.EXAMINED, None)
        assert len(finding.pictures) == 3

    def test_threads_and_crashes(self, known_store: Path, encoded: Encode, workers: Workers) -> None:
        """Everyone gets his own finding, among crashes on other threads."""
        given = [encoded(picture(ABORTS if number % 5 == 0 else 90 + number % 7, number)) for number in range(15)]
        matcher = Matcher.open(known_store)
        with IsolatedMatcher.open(known_store, workers=2, settings=WITH_PLUG_IN) as opened:
            with ThreadPoolExecutor(6) as pool:
                found = list(pool.map(opened.examine, given))
            assert len(workers()) <= 2
        for number, (data, finding) in enumerate(zip(given, found, strict=True)):
            assert finding.reason is (Reason.WORKER_DIED if number % 5 == 0 else None)
            assert finding.digests == matcher.examine(data).digests
        assert workers() == set()

    @pytest.mark.skipif(not system_enforces(), reason="only Linux limits a process's own memory")
    def test_a_file_for_which_there_is_no_memory(self, known_store: Path) -> None:
        data = b"\x89PNG\r\n\x1a\n" + bytes(300 << 20)
        with IsolatedMatcher.open(known_store, workers=1, memory=250 << 20) as opened:
            finding = opened.examine(data)
            assert (finding.status, finding.reason) == (Status.UNREADABLE, Reason.OUT_OF_MEMORY)
            assert finding.sha256 == hashlib.sha256(data).digest()
            assert opened.examine(b"text").status is Status.SKIPPED

    def test_where_the_system_limits_no_memory_it_is_watched(
        self, known_store: Path, encoded: Encode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("matcher.executors.limits.system_enforces", lambda: False)
        with IsolatedMatcher.open(known_store, workers=1, settings=WITH_PLUG_IN, memory=500 << 20) as opened:
            finding = opened.examine(encoded(picture(SWELLS)))
            assert opened.examine(encoded(picture(99))).reason is None
        assert (finding.reason, len(finding.digests)) == (Reason.OUT_OF_MEMORY, 2)

    def test_a_store_that_is_gone_when_a_worker_is_needed(
        self, make_store: MakeStore, encoded: Encode, workers: Workers
    ) -> None:
        store = make_store([{"id": "a", "algorithm": "pdq", "value": "00" * 32}])
        with IsolatedMatcher.open(store, workers=1) as opened:
            store.rename(store.with_name("moved.store"))
            assert opened.examine(b"text").status is Status.SKIPPED
            for pid in workers():
                psutil.Process(pid).kill()
            for _ in range(2):
                with pytest.raises(StoreError):
                    opened.examine(b"text")
            store.with_name("moved.store").rename(store)
            assert opened.examine(b"text").status is Status.SKIPPED

    def test_a_hang_holds_up_its_own_thread_only(self, known_store: Path, encoded: Encode) -> None:
        with IsolatedMatcher.open(known_store, workers=2, settings=WITH_PLUG_IN, seconds=5) as opened:
            with ThreadPoolExecutor(1) as pool:
                slow = pool.submit(opened.examine, encoded(picture(SLEEPS)))
                done = 0
                while not slow.done():
                    assert opened.examine(encoded(picture(99))).status is Status.EXAMINED
                    done += 1
            assert slow.result().reason is Reason.TIMED_OUT
            assert done > 10

    def test_closing_while_calls_are_under_way(self, known_store: Path, encoded: Encode, workers: Workers) -> None:
        opened = IsolatedMatcher.open(known_store, workers=2, settings=WITH_PLUG_IN)
        data = encoded(picture(SLEEPS))
        with ThreadPoolExecutor(5) as pool:
            calls = [pool.submit(opened.examine, data) for _ in range(5)]  # two are worked on, three wait
            time.sleep(0.5)
            opened.close()
            assert workers() == set()
            for call in calls:
                assert isinstance(call.exception(timeout=5), MatcherError)
        opened.close()  # again
        with pytest.raises(MatcherError, match="closed"):
            opened.examine(data)

    def test_closing_while_a_call_is_alone(self, known_store: Path, encoded: Encode, workers: Workers) -> None:
        for pause in (0.0, 0.2, 0.5, 0.8):
            opened = IsolatedMatcher.open(known_store, workers=2, settings=WITH_PLUG_IN)
            with ThreadPoolExecutor(4) as pool:
                calls = [pool.submit(opened.examine, encoded(picture(ABORTS, seed))) for seed in range(4)]
                time.sleep(pause)
                opened.close()
                for call in calls:
                    error = call.exception(timeout=10)
                    assert error is None or isinstance(error, MatcherError)
            assert workers() == set()


class TestProcesses:
    def test_workers_outlive_the_threads_that_called(
        self, known_store: Path, encoded: Encode, workers: Workers
    ) -> None:
        """Linux ends a process with the thread that started it."""
        found: list[Finding] = []
        made: list[IsolatedMatcher] = []
        data = encoded(picture(99))

        def in_a_thread(act: Callable[[], object]) -> None:
            thread = threading.Thread(target=act)
            thread.start()
            thread.join()

        in_a_thread(lambda: made.append(IsolatedMatcher.open(known_store, workers=1)))
        with made[0] as opened:
            before = workers()
            assert before
            for _ in range(3):
                in_a_thread(lambda: found.append(opened.examine(data)))
                time.sleep(0.1)
            assert workers() == before
        assert [finding.status for finding in found] == [Status.EXAMINED] * 3

    def test_a_worker_that_is_killed_while_idle_costs_nothing(
        self, known_store: Path, encoded: Encode, workers: Workers
    ) -> None:
        with IsolatedMatcher.open(known_store, workers=1) as opened:
            for pid in workers():
                psutil.Process(pid).kill()
            assert opened.examine(encoded(picture(99))).reason is None

    def test_several_at_once(self, known_store: Path, known_folder: Path) -> None:
        data = (known_folder / "1.png").read_bytes()
        with IsolatedMatcher.open(known_store, workers=1) as first:
            with IsolatedMatcher.open(known_store, workers=1) as second:
                assert first.examine(data) == second.examine(data)
            assert first.examine(data).status is Status.KNOWN

    def test_one_that_is_forgotten_is_closed(self, known_store: Path, workers: Workers) -> None:
        opened = IsolatedMatcher.open(known_store, workers=1)
        assert len(workers()) == 1
        del opened
        assert workers() == set()

    def test_a_worker_that_never_reads_is_timed_out(self, known_store: Path, encoded: Encode, workers: Workers) -> None:
        """A megabyte does not fit the pipe of a stopped process."""
        with IsolatedMatcher.open(known_store, workers=1, seconds=4) as opened:
            data = b"text" + bytes(5 << 20)
            for pid in workers():
                psutil.Process(pid).suspend()
            finding = opened.examine(data)  # by another worker
            assert (finding.status, finding.reason, finding.size) == (Status.SKIPPED, Reason.NOT_A_PICTURE, len(data))

    def test_the_process_itself_is_left_as_it_was(self, known_store: Path, capfd: pytest.CaptureFixture[str]) -> None:
        import signal
        import warnings

        def state() -> tuple[object, ...]:
            handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
            return (*handlers, list(warnings.filters))

        before = state()
        with IsolatedMatcher.open(known_store, workers=1) as opened:
            opened.examine(b"\xff\xd8\xff")
            assert state() == before
        assert state() == before
        assert capfd.readouterr() == ("", "")
