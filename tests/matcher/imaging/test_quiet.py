"""quiet_decoders: Pillow's warnings reach nobody while a picture is examined, and the host's filters stay its own."""

from __future__ import annotations

import io
import logging
import struct
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from PIL import Image, TiffImagePlugin

from matcher import Matcher, Status
from matcher.imaging.quiet import _FILTER, quiet_decoders


def odd_tiff() -> bytes:
    """A picture with a tag whose value lies behind the file's end: Pillow warns, and decodes it."""
    stream = io.BytesIO()
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    directory[305] = "software with a long name"
    Image.linear_gradient("L").save(stream, "TIFF", tiffinfo=directory)
    data = bytearray(stream.getvalue())
    begin = int.from_bytes(data[4:8], "little")
    for at in range(begin + 2, begin + 2 + 12 * int.from_bytes(data[begin : begin + 2], "little"), 12):
        if data[at : at + 2] == struct.pack("<H", 305):
            data[at + 8 : at + 12] = struct.pack("<I", 2**31)
            return bytes(data)
    raise AssertionError("the tag was not written")


def warn_as(module: str, text: str = "odd") -> None:
    """Warn as a module of this name does."""
    exec(compile("import warnings\nwarnings.warn(text)", module, "exec"), {"__name__": module, "text": text})


def test_pillow_warns_of_the_picture_of_these_tests() -> None:
    with pytest.warns(UserWarning, match="Truncated File Read"):
        Image.open(io.BytesIO(odd_tiff()))


@pytest.mark.parametrize("action", ["error", "always"])
def test_examining_warns_nobody_whatever_the_hosts_filters(action: str, capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter(action)  # type: ignore[arg-type]
        assert Matcher().examine(odd_tiff(), name="a.tif").status is Status.EXAMINED
        warnings.simplefilter(action)  # type: ignore[arg-type]
        assert Matcher().examine(odd_tiff(), name="a.tif").reason is None
    assert capfd.readouterr().err == ""


def test_a_host_s_own_use_of_pillow_warns_as_before() -> None:
    Matcher().examine(odd_tiff(), name="a.tif")
    with pytest.warns(UserWarning, match="Truncated File Read"):
        Image.open(io.BytesIO(odd_tiff()))


def test_only_decoders_and_only_this_thread_are_quiet() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with quiet_decoders():
            warn_as("PIL.TiffImagePlugin")
            warn_as("PIL")
            for module in ("host", "PILOT", "matcher.examine.engine"):
                with pytest.raises(UserWarning, match="odd"):
                    warn_as(module)
            raised: list[BaseException] = []

            def host() -> None:
                try:
                    warn_as("PIL.Image")
                except UserWarning as error:
                    raised.append(error)

            thread = threading.Thread(target=host)
            thread.start()
            thread.join()
            assert len(raised) == 1
        with pytest.raises(UserWarning, match="odd"):
            warn_as("PIL.TiffImagePlugin")


def test_the_filter_stands_once_however_often_the_host_changes_its_own() -> None:
    with warnings.catch_warnings():
        for number in range(5):
            warnings.filterwarnings("always", message=f"host {number}")
            with quiet_decoders(), quiet_decoders():
                warn_as("PIL.Image")
        assert warnings.filters.count(_FILTER) == 1
        warnings.resetwarnings()
        with quiet_decoders():
            warn_as("PIL.Image")


def test_what_pillow_logs_of_a_picture_reaches_no_handler(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("PIL.TiffImagePlugin")
    with quiet_decoders():
        logger.error("of a picture")
    logger.error("of the host's")
    assert caplog.messages == ["of the host's"]


@pytest.mark.process
def test_a_program_s_stderr_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(odd_tiff())
    script = "import sys; from matcher import Matcher; print(Matcher().examine(open(sys.argv[1], 'rb').read()).status)"
    call = [sys.executable, "-c", script, str(tmp_path / "a.tif")]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("examined", "")
