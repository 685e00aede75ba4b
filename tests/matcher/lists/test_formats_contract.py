"""What every list format must do. A new format passes by being named in SAMPLES with a few lines of its own."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.algorithms import ALGORITHMS
from matcher.errors import ListError
from matcher.lists.formats import HEAD, ListFormat, ReadOptions, choose, formats
from matcher.lists.formats.lines import LINE_LIMIT
from matcher.model import ListedHash, RefusedLine

MD5 = [f"{number:032x}" for number in range(0xA0, 0xA6)]
PDQ = [f"{number:064x}" for number in range(0xB0, 0xB6)]
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Sample:
    """`header`: lines without a hash. `lines`: three lines of one hash each. `bad`: a line to be refused."""

    header: list[str]
    lines: list[str]
    bad: str

    def text(self, *lines: str, end: str = "\n") -> bytes:
        return "".join(line + end for line in [*self.header, *(lines or self.lines)]).encode()


SAMPLES = {
    "jsonl": Sample(
        [], [f'{{"id": "e{n}", "algorithm": "pdq", "value": "{PDQ[n]}"}}' for n in range(3)], '{"id": "x"}'
    ),
    "csv": Sample(["id;MD5;note"], [f"e{n};{MD5[n]};a picture" for n in range(3)], "e9;abc;"),
    "digest-lines": Sample([], [f"{MD5[n]}  a{n}.jpg" for n in range(3)], MD5[0][1:] + "  b.jpg"),
    "hashdeep": Sample(
        ["%%%% HASHDEEP-1.0", "%%%% size,md5,filename", "## a comment"],
        [f"12,{MD5[n]},a{n}.jpg" for n in range(3)],
        "12,abc,b.jpg",
    ),
    "threatexchange": Sample([], [f"pdq {PDQ[n]}" for n in range(3)], "pdq abc"),
    "bare": Sample([], MD5[:3], "abc"),
}


@pytest.fixture(params=sorted(formats()))
def list_format(request: pytest.FixtureRequest) -> ListFormat:
    return formats()[request.param]


@pytest.fixture
def sample(list_format: ListFormat) -> Sample:
    return SAMPLES[list_format.name]


def read(list_format: ListFormat, data: bytes, options: ReadOptions | None = None) -> list[ListedHash | RefusedLine]:
    found: list[ListedHash | RefusedLine] = []
    for one in list_format.read(io.BytesIO(data), options or ReadOptions(source="a.txt")):
        assert isinstance(one, ListedHash | RefusedLine)
        found.append(one)
    return found


class Endless(io.RawIOBase):
    """A stream that repeats itself for ever and counts what was taken."""

    def __init__(self, head: bytes, again: bytes) -> None:
        self.waiting = head
        self.again = again
        self.given = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while len(self.waiting) < len(buffer):
            self.waiting += self.again * (1 + len(buffer) // len(self.again))
        buffer[:] = self.waiting[: len(buffer)]
        self.waiting = self.waiting[len(buffer) :]
        self.given += len(buffer)
        return len(buffer)


def test_every_installed_format_has_a_sample_and_its_own_name() -> None:
    assert set(formats()) == set(SAMPLES)
    for name, found in formats().items():
        assert isinstance(found, ListFormat)
        assert found.name == name


def test_three_good_lines(list_format: ListFormat, sample: Sample) -> None:
    listed = read(list_format, sample.text())
    assert [type(one) for one in listed] == [ListedHash] * 3
    assert [one.line - len(sample.header) for one in listed] == [1, 2, 3]
    for one in listed:
        assert isinstance(one, ListedHash)
        assert isinstance(one.value, bytes)
        assert len(one.value) == ALGORITHMS[one.algorithm].width
        assert one.entry.id


def test_each_sample_is_detected_as_its_own_format_only(list_format: ListFormat, sample: Sample) -> None:
    for data in (sample.text(), BOM + sample.text(end="\r\n"), b"\n \r\n" + sample.text(), sample.text().rstrip()):
        assert [name for name, other in formats().items() if other.detect(data[:HEAD])] == [list_format.name]
        assert choose(data[:HEAD], "a.txt", None) is list_format


def test_byte_order_mark_and_crlf_and_a_missing_last_newline(list_format: ListFormat, sample: Sample) -> None:
    plain = read(list_format, sample.text())
    assert read(list_format, BOM + sample.text()) == plain
    assert read(list_format, sample.text(end="\r\n")) == plain
    assert read(list_format, sample.text().removesuffix(b"\n")) == plain
    assert read(list_format, BOM + sample.text(end="\r\n").removesuffix(b"\n")) == plain


def test_returns_alone_end_lines_too(list_format: ListFormat, sample: Sample) -> None:
    plain = read(list_format, sample.text())
    for start in (b"", BOM):
        for data in (sample.text(end="\r"), sample.text(end="\r").removesuffix(b"\r")):
            assert read(list_format, start + data) == plain
            assert [name for name, other in formats().items() if other.detect((start + data)[:HEAD])] == [
                list_format.name
            ]
    first, second, third = sample.lines
    mixed = sample.text() + f"{first}\r{second}\r\n{third}".encode()  # one return among other line ends hides no line
    assert len(read(list_format, mixed)) == 2 * len(plain)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\n"])
def test_line_ends_at_the_end_of_a_read_are_one_end(list_format: ListFormat, sample: Sample, end: str) -> None:
    for shift in range(-2, 3):
        wide = " " * (64 * 1024 + 3 - len(sample.text(end=end)) + shift)
        listed = read(list_format, sample.text(*sample.lines, wide, *sample.lines, end=end))
        assert [type(one) for one in listed] == [ListedHash] * 6
        assert [one.line - len(sample.header) for one in listed] == [1, 2, 3, 5, 6, 7]


def test_hex_of_any_case(list_format: ListFormat, sample: Sample) -> None:
    def raised(line: str) -> str:
        return re.sub("[0-9a-f]{32,}", lambda digits: digits[0].upper(), line)

    values = [one.value for one in read(list_format, sample.text()) if isinstance(one, ListedHash)]
    upper = read(list_format, sample.text(*map(raised, sample.lines)))
    assert [one.value for one in upper if isinstance(one, ListedHash)] == values
    assert upper == read(list_format, sample.text())


def test_blank_lines_are_passed_over_and_numbered(list_format: ListFormat, sample: Sample) -> None:
    first, second, third = sample.lines
    listed = read(list_format, sample.text(first, "", "  \t", second, third, "", ""))
    assert [one.line - len(sample.header) for one in listed] == [1, 4, 5]
    assert all(isinstance(one, ListedHash) for one in listed)


@pytest.mark.parametrize("kind", ["bad", "nul", "long", "barely long"])
def test_a_bad_line_is_refused_by_number_and_the_rest_goes_in(
    list_format: ListFormat, sample: Sample, kind: str
) -> None:
    first, second, third = sample.lines
    bad = {
        "bad": sample.bad,
        "nul": second + "\0",
        "long": second * (3 * LINE_LIMIT // len(second)),
        "barely long": second + "x" * (LINE_LIMIT + 1 - len(second)),
    }[kind]
    for end in ("\n", "\r\n"):
        listed = read(list_format, sample.text(first, bad, second, third, end=end))
        assert [(type(one), one.line - len(sample.header)) for one in listed] == [
            (ListedHash, 1),
            (RefusedLine, 2),
            (ListedHash, 3),
            (ListedHash, 4),
        ]
        refused = listed[1]
        assert isinstance(refused, RefusedLine)
        assert refused.reason
    last = read(list_format, sample.text(first, bad).removesuffix(b"\n"))
    assert isinstance(last[-1], RefusedLine)


def test_a_line_of_exactly_the_limit_is_one_line(list_format: ListFormat, sample: Sample) -> None:
    first, _, third = sample.lines
    for start in (b"", BOM):
        full = sample.text("z" * LINE_LIMIT, third, end="\r\n")
        listed = read(list_format, start + full)
        assert [one.line - len(sample.header) for one in listed] == [1, 2]
        assert isinstance(listed[0], RefusedLine)
        assert "longer than" not in listed[0].reason
    assert read(list_format, sample.text(first))


def test_an_empty_file_yields_nothing(list_format: ListFormat) -> None:
    for data in (b"", BOM, b"\n\r\n  \n"):
        assert read(list_format, data) == []


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_is_refused_as_a_whole(list_format: ListFormat, sample: Sample, encoding: str) -> None:
    data = ("\ufeff" + sample.text().decode()).encode(encoding)
    with pytest.raises(ListError, match=r"a\.txt: .*UTF-16"):
        read(list_format, data)
    with pytest.raises(ListError, match=r"b\.txt: .*UTF-16"):
        choose(data[:HEAD], "b.txt", None)
    assert not list_format.detect(data[:HEAD])


def test_it_reads_no_further_than_it_is_asked(list_format: ListFormat, sample: Sample) -> None:
    stream = Endless(sample.text(), sample.lines[0].encode() + b"\n")
    listed = list_format.read(io.BufferedReader(stream), ReadOptions())
    assert isinstance(listed, Iterator)
    assert stream.given == 0
    next(listed)
    assert stream.given < 4 * HEAD
    for _ in range(10_000):
        next(listed)
    assert stream.given < 4 * HEAD + 10_000 * (len(sample.lines[0]) + 1)


def test_a_stream_that_gives_a_byte_at_a_time(list_format: ListFormat, sample: Sample) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(1, size) if size else size)

    data = BOM + sample.text(*sample.lines, sample.bad)
    assert list(list_format.read(Trickle(data), ReadOptions())) == read(list_format, data)


def test_a_stream_that_fails_is_a_list_error(list_format: ListFormat, sample: Sample) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, f"Input/output error in {size} bytes")

    with pytest.raises(ListError, match="Input/output error"):
        list(list_format.read(Broken(sample.text()), ReadOptions()))


@pytest.mark.parametrize("name", sorted(set(formats()) - {"hashdeep", "threatexchange"}))
def test_a_slip_in_the_stated_type_does_not_lose_the_list(name: str) -> None:
    with pytest.raises(ListError, match="unknown hash type 'phas'"):
        read(formats()[name], SAMPLES[name].text(), ReadOptions(algorithm="phas"))


LINES = st.lists(
    st.one_of(
        st.binary(max_size=80),
        st.sampled_from([line.encode() for sample in SAMPLES.values() for line in [*sample.header, *sample.lines]]),
        st.text(alphabet='{}[]":,;\t\\%# \n\r*()=0aAmd5pq\0é', max_size=60).map(str.encode),
    ),
    max_size=12,
)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(formats()))
@given(lines=LINES, headed=st.booleans(), stated=st.sampled_from([None, "pdq", "md5", "photodna"]))
def test_no_bytes_raise_anything_but_a_list_error(
    name: str, lines: list[bytes], headed: bool, stated: str | None
) -> None:
    data = b"\n".join(lines)
    if headed:
        data = "".join(line + "\n" for line in SAMPLES[name].header).encode() + data
    count = len(re.findall(rb"\r\n|\r|\n", data)) + 1
    try:
        for one in formats()[name].read(io.BytesIO(data), ReadOptions(algorithm=stated)):
            assert 1 <= one.line <= count
            if isinstance(one, RefusedLine):
                one.reason.encode()
                continue
            assert isinstance(one, ListedHash)
            for text in (one.entry.id, one.entry.category or "", one.entry.note or "", one.algorithm):
                text.encode()
                assert "\0" not in text
            assert 1 <= len(one.entry.id) <= 1024
            assert one.quality is None or 0 <= one.quality <= 100
            if one.algorithm in ALGORITHMS:
                assert isinstance(one.value, bytes)
                assert len(one.value) == ALGORITHMS[one.algorithm].width
            else:
                assert isinstance(one.value, str)
                assert one.value
                one.value.encode()
    except ListError:
        pass


@given(lines=LINES)
def test_no_head_belongs_to_two_formats(lines: list[bytes]) -> None:
    head = b"\n".join(lines)
    fitting = [name for name, found in formats().items() if found.detect(head)]
    if len(fitting) > 1:  # the one overlap: a table with a column called "#" whose first cell is a hash alone
        assert fitting == ["bare", "csv"]
        assert head.lstrip().startswith(b"#")


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (f"{MD5[0]}  a,md5,b\n", "digest-lines"),
        (f"\\{MD5[0]}  a,md5,b\\n\n", "digest-lines"),
        (f"MD5 (a,md5,b) = {MD5[0]}\n", "digest-lines"),
        (f"{PDQ[0]}  a\n", "digest-lines"),
        (f"# made by hand\n{MD5[0]} *a\n", "digest-lines"),
        (f'{{"id": "x,md5,y", "value": "{MD5[0]}", "algorithm": "md5"}}\n', "jsonl"),
        (f"md5 {MD5[0]}\n", "threatexchange"),
        (f"video_md5 {MD5[0]}\n", "threatexchange"),
        (f"md5\n{MD5[0]}\n", "csv"),
        (f"# made by hand\n\n{PDQ[0]}\n", "bare"),
        ('"SHA-1","MD5","CRC32","FileName","FileSize"\n', "csv"),
        ("MD5;SHA1;PhotoDNA;Image ID\n", "csv"),
        ("id\talgorithm\tvalue\n", "csv"),
    ],
)
def test_detection_of_lookalikes(head: str, name: str) -> None:
    assert choose(head.encode(), "a.txt", None).name == name


@pytest.mark.parametrize(
    "head",
    [
        b'{"@odata.context":"x","value":[{"MediaID":1,"MD5":"00"}]}\n',
        b"raw_text hello,md5,world is not\x00 csv\n",
        b"name,size\n",
        b"hello\n",
        b"abcdef\n",
        b"\x89PNG\r\n\x1a\n",
        b"HASH\r\n\xff\x00",
    ],
)
def test_what_is_no_known_format_is_named_with_the_formats(head: bytes) -> None:
    with pytest.raises(ListError) as raised:
        choose(head, "odd.bin", None)
    message = str(raised.value)
    assert message.startswith("odd.bin: ")
    assert "--algorithm" in message
    for name in formats():
        assert name in message


def test_a_requested_format_is_taken_and_an_unknown_one_named() -> None:
    assert choose(b"", "a.txt", "bare").name == "bare"
    with pytest.raises(ListError, match=r"a\.txt: unknown list format 'vics'; known formats: bare, csv, digest-lines"):
        choose(b"", "a.txt", "vics")
    with pytest.raises(ListError, match=r"a\.txt: the file is empty"):
        choose(b"\n", "a.txt", None)
