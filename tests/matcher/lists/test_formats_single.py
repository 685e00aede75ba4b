"""What each list format makes of its own peculiarities."""

from __future__ import annotations

import base64
import io
import json

import pytest

from matcher.errors import ListError
from matcher.lists.formats import ReadOptions, formats
from matcher.lists.formats.values import RefusedValue, parse_algorithm, parse_value
from matcher.model import ListedHash, ListEntry, RefusedLine

MD5 = "0123456789abcdef0123456789abcdef"
SHA1 = MD5 + "01234567"
SHA256 = MD5 * 2
SHA512 = MD5 * 4
PHASH = MD5[:16]
PHOTODNA = base64.b64encode(bytes(range(144))).decode()


def read(name: str, text: str | bytes, **options: object) -> list[ListedHash | RefusedLine]:
    data = text.encode() if isinstance(text, str) else text
    return list(formats()[name].read(io.BytesIO(data), ReadOptions(**options, source="a.txt")))  # type: ignore[arg-type]


def one(name: str, text: str | bytes, **options: object) -> ListedHash:
    (listed,) = read(name, text, **options)
    assert isinstance(listed, ListedHash), listed
    return listed


def refusal(name: str, text: str | bytes, **options: object) -> str:
    (refused,) = read(name, text, **options)
    assert isinstance(refused, RefusedLine), refused
    return refused.reason


def json_line(**fields: object) -> str:
    return json.dumps({"id": "a1", "algorithm": "pdq", "value": SHA256} | fields)


class TestValues:
    @pytest.mark.parametrize(
        ("algorithm", "text", "reason"),
        [
            ("pdq", SHA256[1:], "pdq needs 64 hex digits, has 63"),
            ("md5", "", "md5 needs 32 hex digits, has 0"),
            ("md5", "g" + MD5[1:], "md5 needs 32 hex digits, has other characters"),
            ("md5", " " + MD5[1:], "md5 needs 32 hex digits, has other characters"),
            ("md5", "é" + MD5[1:], "md5 needs 32 hex digits, has other characters"),
            ("sha512", MD5, "sha512 needs 128 hex digits, has 32"),
            ("vpdq", "", "the vpdq value is empty"),
        ],
    )
    def test_refused(self, algorithm: str, text: str, reason: str) -> None:
        with pytest.raises(RefusedValue, match=f"^{reason}$"):
            parse_value(algorithm, text)

    def test_unknown_types_keep_their_text(self) -> None:
        assert parse_value("sha512", SHA512.upper()) == SHA512.upper()
        assert parse_value("their own", "AbC=") == "AbC="

    @pytest.mark.parametrize(
        ("name", "algorithm"),
        [("MD5", "md5"), ("SHA-1", "sha1"), ("sha_256", "sha256"), ("SHA2-256", "sha256"), ("PhotoDNA", "photodna")],
    )
    def test_names_of_types(self, name: str, algorithm: str) -> None:
        assert parse_algorithm(name) == algorithm

    def test_a_type_that_nobody_knows_keeps_its_own_name(self) -> None:
        assert parse_algorithm(" Video_TMK ") == "Video_TMK"


class TestJsonLines:
    def test_every_field(self) -> None:
        listed = one("jsonl", json_line(quality=100, category="1", note="free text", more=[1]))
        assert listed == ListedHash(1, ListEntry("a1", "1", "free text"), "pdq", bytes.fromhex(SHA256), 100)

    def test_only_id_algorithm_and_value_are_required(self) -> None:
        listed = one("jsonl", json_line(quality=None, category=None, note=None))
        assert listed == one("jsonl", json_line())
        assert listed.entry == ListEntry("a1")

    @pytest.mark.parametrize(("category", "kept"), [(0, "0"), ("0", "0"), ("01", "01"), (-3, "-3"), ("", None)])
    def test_a_category_is_kept_raw(self, category: object, kept: str | None) -> None:
        assert one("jsonl", json_line(category=category)).entry.category == kept

    @pytest.mark.parametrize("quality", [0, 100])
    def test_a_quality_has_both_ends(self, quality: int) -> None:
        assert one("jsonl", json_line(quality=quality)).quality == quality

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"id": None}, "id is missing"),
            ({"id": ""}, "id is empty"),
            ({"id": 7}, "id is not text"),
            ({"id": "x" * 1025}, "id is longer than 1024 characters"),
            ({"id": "a\0"}, "id holds a NUL"),
            ({"algorithm": None}, "algorithm is missing"),
            ({"algorithm": ["pdq"]}, "algorithm is not text"),
            ({"value": None}, "value is missing"),
            ({"value": 5}, "value is not text"),
            ({"value": SHA256 + "0"}, "pdq needs 64 hex digits, has 65"),
            ({"quality": 101}, "quality is not a whole number from 0 to 100"),
            ({"quality": -1}, "quality is not a whole number from 0 to 100"),
            ({"quality": 50.0}, "quality is not a whole number from 0 to 100"),
            ({"quality": True}, "quality is not a whole number from 0 to 100"),
            ({"quality": "50"}, "quality is not a whole number from 0 to 100"),
            ({"category": True}, "category is neither text nor a whole number"),
            ({"category": 1.5}, "category is neither text nor a whole number"),
            ({"note": 1}, "note is not text"),
            ({"note": "x" * 65537}, "note is longer than 65536 bytes"),
            ({"note": "é" * 32769}, "note is longer than 65536 bytes"),
        ],
    )
    def test_refused(self, fields: dict[str, object], reason: str) -> None:
        assert refusal("jsonl", json_line(**fields)) == reason

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            ('{"id": "a", "id": "b", "algorithm": "md5", "value": "' + MD5 + '"}', "a key stands twice"),
            ("[]", "not a JSON object"),
            ("{", "not a line of JSON"),
            ("{} {}", "more than one value in a line of JSON"),
            ("[" * 100_000, "not a line of JSON"),
            ('{"quality": ' + "9" * 5000 + "}", "not a line of JSON"),
        ],
    )
    def test_not_a_line_of_ours(self, line: str, reason: str) -> None:
        assert refusal("jsonl", line) == reason

    def test_the_limits_themselves_are_taken(self) -> None:
        assert len(one("jsonl", json_line(id="x" * 1024)).entry.id) == 1024
        assert one("jsonl", json_line(note="é" * 32768)).entry.note == "é" * 32768

    def test_an_unknown_type_is_kept(self) -> None:
        listed = one("jsonl", json_line(algorithm="Their-Own", value="AbC="))
        assert (listed.algorithm, listed.value) == ("Their-Own", "AbC=")

    def test_a_stated_type_fills_in_and_does_not_override(self) -> None:
        line = json.dumps({"id": "a", "value": SHA256})
        assert one("jsonl", line, algorithm="phash16").algorithm == "phash16"
        assert one("jsonl", json_line(), algorithm="phash16").algorithm == "pdq"

    def test_text_that_is_not_unicode_is_escaped(self) -> None:
        assert one("jsonl", json_line(note="\ud800 é")).entry.note == "%ED%A0%80 é"
        assert one("jsonl", json_line(note="?").encode().replace(b"?", b"\xff 5%")).entry.note == "%FF 5%"


class TestCsv:
    def test_our_own_columns(self) -> None:
        text = f"id,algorithm,value,category,note,quality\na1,PDQ,{SHA256},0,free,87\n"
        assert one("csv", text) == ListedHash(2, ListEntry("a1", "0", "free"), "pdq", bytes.fromhex(SHA256), 87)

    def test_columns_named_after_types_are_one_entry(self) -> None:
        text = f"Name;PDQ;quality;SHA-1;md5;PhotoDNA\nx;{SHA256};90;{SHA1};{MD5};{PHOTODNA}\n"
        listed = read("csv", text)
        assert [(found.algorithm, found.quality) for found in listed if isinstance(found, ListedHash)] == [
            ("pdq", 90),
            ("sha1", None),
            ("md5", None),
            ("photodna", 90),
        ]
        assert {found.entry for found in listed if isinstance(found, ListedHash)} == {ListEntry(SHA1)}

    def test_the_id_is_the_first_digest_or_the_hash(self) -> None:
        assert one("csv", f"md5\n{MD5.upper()}\n").entry.id == MD5
        assert one("csv", f"sha512\n{SHA512.upper()}\n").entry.id == SHA512
        assert one("csv", f"pdq\n\n{SHA256.upper()}\n").entry.id == SHA256
        assert one("csv", f"id,md5\n ,{MD5}\n").entry.id == MD5

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_delimiters(self, delimiter: str) -> None:
        text = f'"Image, or; \tfilm"|md5|note\nx|{MD5}|"a ""quoted"" |, |; note"\n'.replace("|", delimiter)
        assert one("csv", text).entry.note == 'a "quoted" |, |; note'.replace("|", delimiter)

    def test_columns_are_mapped(self) -> None:
        text = f"Image ID;Digest;value;category\n7;{MD5};{SHA256};3\n"
        listed = read("csv", text, columns={"id": "image id", "md5": "Digest", "pdq": "value", "note": "category"})
        assert listed == [
            ListedHash(2, ListEntry("7", None, "3"), "md5", bytes.fromhex(MD5)),
            ListedHash(2, ListEntry("7", None, "3"), "pdq", bytes.fromhex(SHA256)),
        ]

    def test_a_value_of_a_stated_type(self) -> None:
        assert one("csv", f"value\n{SHA256}\n", algorithm="phash16").algorithm == "phash16"

    @pytest.mark.parametrize(
        ("text", "options", "message"),
        [
            ("name,size\n", {}, "no column with hashes; the columns are name, size"),
            ("value,note\n", {}, "state it with --algorithm"),
            ("md5,MD5\n", {}, "two columns for md5"),
            ("md5,x\n", {"columns": {"note": "y"}}, "not exactly one column 'y'; the columns are md5, x"),
            ("md5,x,x\n", {"columns": {"note": "x"}}, "not exactly one column 'x'"),
            ("md5,x\n", {"columns": {"notes": "x"}}, "'notes' is neither a field"),
            ("\0\n", {}, "the first line is not a header: holds a NUL byte"),
            ('"\n', {}, "no column with hashes"),
        ],
    )
    def test_a_header_that_will_not_do(self, text: str, options: dict[str, object], message: str) -> None:
        with pytest.raises(ListError) as raised:
            read("csv", text, **options)
        assert str(raised.value).startswith("a.txt: ")
        assert message in str(raised.value)

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            (f"a,{MD5},,1,x", "has 5 fields, the header has 4"),
            ("a,,,1", "no hash"),
            (f"a,{MD5},,101", "quality is not a whole number from 0 to 100"),
            (f"a,{MD5},,1.0", "quality is not a whole number from 0 to 100"),
            (f"a,{MD5},,٣", "quality is not a whole number from 0 to 100"),
            (f"{'x' * 1025},{MD5}", "id is longer than 1024 characters"),
            ("a,abc", "md5 needs 32 hex digits, has 3"),
        ],
    )
    def test_a_row_that_will_not_do(self, row: str, reason: str) -> None:
        assert refusal("csv", f"id,md5,note,quality\n{row}\n") == reason

    def test_a_short_row_and_empty_cells_beyond_the_header(self) -> None:
        assert one("csv", f"md5,note,x\n{MD5}\n").entry.note is None
        assert one("csv", f"md5,note\n{MD5},n,,\n").entry.note == "n"

    def test_a_bad_hash_does_not_cost_its_neighbours(self) -> None:
        listed, refused = read("csv", f"md5,sha1\nabc,{SHA1}\n")
        assert isinstance(listed, ListedHash)
        assert (listed.algorithm, listed.entry.id) == ("sha1", SHA1)
        assert refused == RefusedLine(2, "md5 needs 32 hex digits, has 3")

    def test_a_quoted_field_over_several_lines(self) -> None:
        text = f'note,md5\r\n"two\r\nlines",{MD5}\r\nnext,{MD5}\r\n'
        first, second = read("csv", text)
        assert isinstance(first, ListedHash)
        assert (first.line, first.entry.note, second.line) == (2, "two\nlines", 4)

    @pytest.mark.parametrize("after", [1, 300])
    @pytest.mark.parametrize("stray", ['"', 'n,"x', f'"n",{MD5},"'])
    def test_a_stray_quote_costs_one_line(self, stray: str, after: int) -> None:
        rows = [f"n{number},{MD5},x" for number in range(after)]
        rows[after // 2] += "\0"
        listed = read("csv", "\n".join(["note,md5,x", stray, *rows]))
        assert [found.line for found in listed] == [2, *range(3, 3 + after)]
        assert [found.line for found in listed if isinstance(found, RefusedLine)] == [2, 3 + after // 2]

    def test_a_field_beyond_the_reader_is_refused(self) -> None:
        assert "too long" in refusal("csv", f'md5,note\n{MD5},"{"x" * 200_000}"\n')

    def test_latin_1_is_kept_as_escapes(self) -> None:
        assert one("csv", f"md5,note\n{MD5},caf\xe9\n".encode("latin-1")).entry.note == "caf%E9"


class TestDigestLines:
    @pytest.mark.parametrize(
        ("line", "algorithm", "note"),
        [
            (f"{MD5}  a b.jpg", "md5", "a b.jpg"),
            (f"{SHA1} *a.jpg", "sha1", "a.jpg"),
            (f"{SHA256}  a.jpg", "sha256", "a.jpg"),
            (f"{MD5} a.jpg", "md5", "a.jpg"),
            (f"{MD5}   a", "md5", " a"),
            (f"{MD5}  ", "md5", None),
            (f"\\{MD5}  a\\nb\\\\n\\r", "md5", "a\nb\\n\r"),
            (f"\\{MD5} *a\\x", "md5", "a\\x"),
            (f"{MD5}  a\\nb", "md5", "a\\nb"),
            (f"MD5 (a (1).jpg) = {MD5}", "md5", "a (1).jpg"),
            (f"SHA256 (x) = {SHA256.upper()}", "sha256", "x"),
            (f"SHA2-256(x)= {SHA256}", "sha256", "x"),
            (f"\\SHA1 (a\\nb) = {SHA1}", "sha1", "a\nb"),
            (f"SHA512 (f) = {SHA512}", "sha512", "f"),
            (f"{SHA512}  f", "sha512", "f"),
            (f"BLAKE2b (f) = {SHA512}", "blake2b", "f"),
        ],
    )
    def test_forms(self, line: str, algorithm: str, note: str | None) -> None:
        listed = one("digest-lines", line)
        assert (listed.algorithm, listed.entry.note) == (algorithm, note)
        digest = listed.value.hex() if isinstance(listed.value, bytes) else listed.value
        assert listed.entry.id == digest.lower()
        assert digest.lower() in line.lower()

    def test_a_name_that_is_not_unicode(self) -> None:
        assert one("digest-lines", MD5.encode() + b"  caf\xe9.jpg").entry.note == "caf%E9.jpg"

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (MD5, "not a digest and a file name"),
            (f"{MD5}\ta", "not a digest and a file name"),
            (f"{MD5[1:]}  a", "not a digest and a file name"),
            (f"g{MD5[1:]}  a", "md5 needs 32 hex digits, has other characters"),
            (f"SHA1 (f) = {MD5}", "sha1 needs 40 hex digits, has 32"),
            (f"{MD5}  {'x' * 65537}", "note is longer than 65536 bytes"),
        ],
    )
    def test_refused(self, line: str, reason: str) -> None:
        assert refusal("digest-lines", line) == reason

    def test_comments(self) -> None:
        assert one("digest-lines", f"# made by hand\n{MD5}  a\n").line == 2

    def test_a_stated_type_stands_above_the_length(self) -> None:
        assert one("digest-lines", f"{SHA256}  a", algorithm="pdq").algorithm == "pdq"
        assert refusal("digest-lines", f"{MD5}  a", algorithm="pdq") == "pdq needs 64 hex digits, has 32"


class TestHashdeep:
    HEADER = "%%%% HASHDEEP-1.0\n%%%% size,md5,tiger,sha256,filename\n## Invoked from: /\n##\n"

    def test_one_entry_of_several_hashes_and_a_name_with_commas(self) -> None:
        listed = read("hashdeep", self.HEADER + f"12,{MD5.upper()},{MD5}ab,{SHA256},/a, b,c.jpg\n")
        entry = ListEntry(MD5, None, "/a, b,c.jpg")
        assert listed == [
            ListedHash(5, entry, "md5", bytes.fromhex(MD5)),
            ListedHash(5, entry, "tiger", MD5 + "ab"),
            ListedHash(5, entry, "sha256", bytes.fromhex(SHA256)),
        ]

    def test_a_bad_hash_does_not_cost_its_neighbours(self) -> None:
        refused, listed = read("hashdeep", self.HEADER + f"12,abc,,{SHA256},a\n")
        assert refused == RefusedLine(5, "md5 needs 32 hex digits, has 3")
        assert isinstance(listed, ListedHash)
        assert listed.entry == ListEntry(SHA256, None, "a")

    def test_two_lists_in_one_file(self) -> None:
        text = self.HEADER + f"12,{MD5},,,a\n%%%% HASHDEEP-1.0\n%%%% size,sha1,filename\n1,{SHA1},b\n"
        assert [found.algorithm for found in read("hashdeep", text) if isinstance(found, ListedHash)] == ["md5", "sha1"]

    def test_refused(self) -> None:
        assert refusal("hashdeep", self.HEADER + f"12,{MD5}\n") == "has 2 fields, needs 5"
        assert refusal("hashdeep", self.HEADER + "12,,,,a\n") == "no hash"
        assert "names the columns" in refusal("hashdeep", f"%%%% HASHDEEP-1.0\n12,{MD5},a\n")

    def test_a_file_without_the_header(self) -> None:
        with pytest.raises(ListError, match=r"a\.txt: does not begin with %%%% HASHDEEP"):
            read("hashdeep", f"12,{MD5},a\n")


class TestThreatExchange:
    @pytest.mark.parametrize(
        ("line", "algorithm", "value"),
        [
            (f"pdq {SHA256}", "pdq", bytes.fromhex(SHA256)),
            (f"pdq\t{SHA256.upper()} ", "pdq", bytes.fromhex(SHA256)),
            (f"video_md5 {MD5}", "md5", bytes.fromhex(MD5)),
            (f"photo_md5 {MD5}", "md5", bytes.fromhex(MD5)),
            (f"md5 {MD5}", "md5", bytes.fromhex(MD5)),
            (f"pdq_ocr {SHA256},Some Text", "pdq_ocr", f"{SHA256},Some Text"),
            ("raw_text Two Words", "raw_text", "Two Words"),
        ],
    )
    def test_signals(self, line: str, algorithm: str, value: bytes | str) -> None:
        listed = one("threatexchange", line)
        assert (listed.algorithm, listed.value) == (algorithm, value)
        assert listed.entry == ListEntry(value.hex() if isinstance(value, bytes) else value)

    @pytest.mark.parametrize("line", ["pdq", "pdq ", "# a comment", "12 34"])
    def test_refused(self, line: str) -> None:
        assert refusal("threatexchange", line) == "not a signal type and a value"


class TestBare:
    def test_the_length_says_it_where_it_can(self) -> None:
        listed = read("bare", f"# mine\n{MD5.upper()}\n\n {SHA1} \n")
        assert listed == [
            ListedHash(2, ListEntry(MD5), "md5", bytes.fromhex(MD5)),
            ListedHash(4, ListEntry(SHA1), "sha1", bytes.fromhex(SHA1)),
        ]

    @pytest.mark.parametrize(("value", "types"), [(SHA256, "sha256, pdq, phash16"), (PHASH, "phash, dhash")])
    def test_an_ambiguous_first_hash_refuses_the_file(self, value: str, types: str) -> None:
        with pytest.raises(ListError, match=rf"a\.txt: .*{types}.*--algorithm"):
            next(formats()["bare"].read(io.BytesIO(f"# x\n{value}\n".encode()), ReadOptions(source="a.txt")))

    @pytest.mark.parametrize("algorithm", ["sha256", "pdq", "phash16", "PDQ"])
    def test_a_stated_type(self, algorithm: str) -> None:
        assert one("bare", SHA256, algorithm=algorithm).algorithm == algorithm.lower()

    def test_a_stated_type_that_is_kept_as_text(self) -> None:
        listed = one("bare", "QUJD", algorithm="vpdq")
        assert (listed.entry.id, listed.value) == ("QUJD", "QUJD")

    def test_an_ambiguous_line_among_others_is_refused(self) -> None:
        _, refused = read("bare", f"{MD5}\n{SHA256}\n")
        assert isinstance(refused, RefusedLine)
        assert "64 hex digits may be sha256, pdq" in refused.reason

    def test_refused(self) -> None:
        assert refusal("bare", f"{MD5} a.jpg") == "not a hash in hex"
        assert "no hash type with 3 hex digits" in refusal("bare", "abc")
        assert refusal("bare", MD5, algorithm="pdq") == "pdq needs 64 hex digits, has 32"
