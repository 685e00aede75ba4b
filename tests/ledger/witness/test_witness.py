"""A witness: every status of the protocol, what it remembers, what it keeps as evidence, and attacks on its folder."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from ledger import (
    Checkpoint,
    Cosigner,
    Note,
    Signature,
    Signer,
    Verifier,
    format_note,
    open_note,
    parse_checkpoint,
    parse_note,
)
from ledger.errors import KeyFileError, NoteError, WitnessError
from ledger.notes.key_files import load_cosigner
from ledger.notes.note import format_signature
from ledger.notes.proof_file import ConsistencyFile, format_consistency
from ledger.notes.signer import sign_checkpoint
from ledger.notes.witness_answer import Answer, format_answer, parse_answer
from ledger.tree.merkle import consistency_proof, leaf_hash, root
from ledger.witness.cosigning import MAX_REQUEST, Witness
from ledger.witness.witness_folder import KEY, VKEYS, WitnessFolder
from tests.shared.merkle_cases import ListReader

ORIGIN = "lab.example/case-17"
LOG = Signer.from_private_bytes(bytes(32), name=ORIGIN, mldsa_seed=bytes(32))
HONEST = [leaf_hash(b"entry %d" % number) for number in range(20)]
FORKED = [*HONEST[:4], *(leaf_hash(b"another %d" % number) for number in range(16))]
TIME = 1_760_000_000


def checkpoint(size: int, leaves: list[bytes] = HONEST, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, root(leaves[:size]))


def request(old: int, size: int, leaves: list[bytes] = HONEST, *, signers: tuple[Signer, ...] = (LOG,)) -> bytes:
    proof = consistency_proof(ListReader(leaves), old, size) if 0 < old <= size else []
    note = sign_checkpoint(checkpoint(size, leaves), signers, time=TIME)
    return format_consistency(ConsistencyFile(old, tuple(proof), note)).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def witness(folder: Path) -> Witness:
    made = Witness.create(folder, Cosigner.generate("witness.example/w1"))
    for vkey in LOG.vkeys:
        WitnessFolder(folder).trust(vkey)
    return made


def cosigned(folder: Path, answer: Answer, size: int, leaves: list[bytes] = HONEST) -> list[int]:
    """The times in an answer that cosigns exactly this checkpoint with both keys."""
    assert answer.status == 200, answer
    note = sign_checkpoint(checkpoint(size, leaves), [LOG], time=TIME) + answer.body
    verifiers = [Verifier(vkey) for vkey in WitnessFolder(folder).vkeys]
    opened = open_note(note, verifiers)
    assert len(opened.signatures) == 2
    assert answer.signatures == opened.signatures
    return [key.cosigned_at(each) for key, each in zip(verifiers, opened.signatures, strict=True)]


def refused(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in (folder / "refused").glob("*.request"))


def test_the_first_time_and_growth(witness: Witness, folder: Path) -> None:
    assert cosigned(folder, witness.add_checkpoint(request(0, 3), time=TIME), 3) == [TIME, TIME]
    assert cosigned(folder, witness.add_checkpoint(request(3, 8), time=TIME + 1), 8) == [TIME + 1, TIME + 1]
    assert cosigned(folder, witness.add_checkpoint(request(8, 8), time=TIME + 2), 8) == [TIME + 2, TIME + 2]
    assert cosigned(folder, witness.add_checkpoint(request(8, 20), time=TIME + 2), 20)
    latest = WitnessFolder(folder).stored(ORIGIN)
    assert latest is not None
    assert parse_checkpoint(open_note(latest, [Verifier(LOG.vkey)]).text) == checkpoint(20)
    assert refused(folder) == []


@pytest.mark.slow
def test_every_growth_from_every_size(folder: Path, tmp_path: Path) -> None:
    cosigner = Cosigner.generate("w")
    for old in range(6):
        for size in range(old, 7):
            place = tmp_path / f"{old}-{size}"
            witness = Witness.create(place, cosigner)
            WitnessFolder(place).trust(LOG.vkey)
            assert witness.add_checkpoint(request(0, old), time=TIME).status == 200
            cosigned(place, witness.add_checkpoint(request(old, size), time=TIME), size)


def test_400_malformed(witness: Witness, folder: Path) -> None:
    good = request(0, 3)
    for body in (
        b"",
        b"nonsense",
        b"\xff" + good,
        good[:-1],
        good.replace(b"old 0", b"old 00"),
        b"x" * 4 * MAX_REQUEST + b"x",
    ):
        answer = witness.add_checkpoint(body, time=TIME)
        assert answer.status == 400
        assert answer.body.endswith("\n")
    assert WitnessFolder(folder).latest(ORIGIN) is None


def test_400_old_size_larger_than_the_new(witness: Witness) -> None:
    assert witness.add_checkpoint(request(5, 3), time=TIME).status == 400


def test_404_unknown_log(witness: Witness) -> None:
    note = sign_checkpoint(checkpoint(3, origin="other.example"), [Signer.generate("other.example")], time=TIME)
    body = format_consistency(ConsistencyFile(0, (), note)).encode()
    assert witness.add_checkpoint(body, time=TIME).status == 404


def test_403_not_signed_by_the_log(witness: Witness, folder: Path) -> None:
    stranger = Signer.generate(ORIGIN)
    assert witness.add_checkpoint(request(0, 3, signers=(stranger,)), time=TIME).status == 403
    signatures = LOG.sign_checkpoint(checkpoint(3), time=TIME)
    forged = Signature(ORIGIN, signatures[0].key_id, bytes(64))
    for lines in ((forged,), (forged, signatures[1]), (*signatures, forged)):
        note = format_note(Note(parse_note(sign_checkpoint(checkpoint(3), [LOG], time=TIME)).text, lines))
        body = format_consistency(ConsistencyFile(0, (), note)).encode()
        assert witness.add_checkpoint(body, time=TIME).status == 403
    assert WitnessFolder(folder).latest(ORIGIN) is None


def test_a_log_signs_for_its_own_origin_only(witness: Witness, folder: Path) -> None:
    other = Signer.generate("other.example")
    WitnessFolder(folder).trust(other.vkey)
    assert witness.add_checkpoint(request(0, 3, signers=(other,)), time=TIME).status == 403


def test_unknown_signatures_are_ignored_and_not_stored(witness: Witness, folder: Path) -> None:
    strangers = tuple(Signer.generate(f"stranger{number}") for number in range(10))
    cosigned(folder, witness.add_checkpoint(request(0, 3, signers=(*strangers, LOG)), time=TIME), 3)
    stored = WitnessFolder(folder).stored(ORIGIN)
    assert stored is not None
    assert len(parse_note(stored).signatures) == 4


def test_a_signature_repeated_a_hundred_times(witness: Witness, folder: Path) -> None:
    note = sign_checkpoint(checkpoint(3), [LOG] * 50, time=TIME)
    body = format_consistency(ConsistencyFile(0, (), note)).encode()
    cosigned(folder, witness.add_checkpoint(body, time=TIME), 3)


def test_409_stale_names_the_size_that_the_witness_knows(witness: Witness, folder: Path) -> None:
    assert witness.add_checkpoint(request(2, 3), time=TIME) == Answer(409, "0\n")
    witness.add_checkpoint(request(0, 8), time=TIME)
    for body in (request(0, 9), request(3, 9), request(9, 9), request(0, 3), request(0, 8)):
        assert witness.add_checkpoint(body, time=TIME) == Answer(409, "8\n")
    assert refused(folder) == []


def test_a_rolled_back_log_is_refused(witness: Witness, folder: Path) -> None:
    witness.add_checkpoint(request(0, 8), time=TIME)
    for old in (0, 3, 5):
        assert witness.add_checkpoint(request(old, 5), time=TIME) == Answer(409, "8\n")
    assert witness.add_checkpoint(request(8, 5), time=TIME).status == 400
    cosigned(folder, witness.add_checkpoint(request(8, 9), time=TIME), 9)


def test_a_forked_log_is_refused_and_kept_as_evidence(witness: Witness, folder: Path) -> None:
    witness.add_checkpoint(request(0, 8), time=TIME)
    before = WitnessFolder(folder).stored(ORIGIN)
    same_size, stale, longer = request(8, 8, FORKED), request(0, 8, FORKED), request(8, 12, FORKED)
    assert witness.add_checkpoint(same_size, time=TIME) == Answer(409, "8\n")
    assert witness.add_checkpoint(stale, time=TIME) == Answer(409, "8\n")
    assert witness.add_checkpoint(longer, time=TIME).status == 422
    assert witness.add_checkpoint(longer, time=TIME).status == 422
    assert refused(folder) == sorted([same_size, stale, longer])
    for path in (folder / "refused").glob("*.request"):
        assert path.with_suffix(".checkpoint").read_text("utf-8") == before
    assert WitnessFolder(folder).stored(ORIGIN) == before
    cosigned(folder, witness.add_checkpoint(request(8, 12), time=TIME), 12)


def test_422_bad_proofs(witness: Witness, folder: Path) -> None:
    note = sign_checkpoint(checkpoint(9), [LOG], time=TIME)

    def ask(old: int, *proof: bytes) -> int:
        return witness.add_checkpoint(format_consistency(ConsistencyFile(old, proof, note)).encode(), time=TIME).status

    assert ask(0, bytes(32)) == 422
    witness.add_checkpoint(request(0, 3), time=TIME)
    assert ask(3) == 422
    assert ask(3, *[bytes(32)] * 63) == 422
    witness.add_checkpoint(request(3, 9), time=TIME)
    assert ask(9, bytes(32)) == 422
    assert ask(9) == 200


def test_an_empty_tree_has_one_root(witness: Witness, folder: Path) -> None:
    wrong = sign_checkpoint(replace(checkpoint(0), root=bytes(32)), [LOG], time=TIME)
    body = format_consistency(ConsistencyFile(0, (), wrong)).encode()
    assert witness.add_checkpoint(body, time=TIME) == Answer(409, "0\n")
    assert refused(folder) == [body]
    cosigned(folder, witness.add_checkpoint(request(0, 0), time=TIME), 0)
    cosigned(folder, witness.add_checkpoint(request(0, 4), time=TIME), 4)


def test_a_clock_that_goes_back_makes_no_older_time(witness: Witness, folder: Path) -> None:
    witness.add_checkpoint(request(0, 3), time=TIME)
    assert cosigned(folder, witness.add_checkpoint(request(3, 4), time=TIME - 1000), 4) == [TIME, TIME]
    assert cosigned(folder, witness.add_checkpoint(request(4, 4), time=-5), 4) == [TIME, TIME]


def test_it_is_stored_before_it_is_handed_out(witness: Witness, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ledger.witness.witness_folder.replace_file", fail)
    with pytest.raises(WitnessError, match="No space left"):
        witness.add_checkpoint(request(0, 3), time=TIME)
    monkeypatch.undo()
    assert witness.add_checkpoint(request(3, 4), time=TIME) == Answer(409, "0\n")


def test_two_requests_at_once_get_one_history(folder: Path, witness: Witness) -> None:
    """The race of the specification: whoever comes second is told so, and nothing is rolled back."""
    answers: list[Answer] = []
    bodies = [request(0, size, leaves) for size in (5, 6, 7, 8) for leaves in (HONEST, FORKED)]

    def ask(body: bytes) -> None:
        answers.append(
            Witness(WitnessFolder(folder), load_cosigner(folder / KEY, name="witness.example/w1")).add_checkpoint(
                body, time=TIME
            )
        )

    threads = [threading.Thread(target=ask, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200, *[409] * 7]


def test_a_lock_file_left_behind_blocks_nobody(witness: Witness, folder: Path) -> None:
    (folder / "lock").write_bytes(b"left by a process that was killed")
    assert witness.add_checkpoint(request(0, 3), time=TIME).status == 200


def test_a_folder_that_was_changed_is_noticed(witness: Witness, folder: Path) -> None:
    witness.add_checkpoint(request(0, 8), time=TIME)
    (path,) = (folder / "latest").iterdir()
    good = path.read_bytes()
    forged = sign_checkpoint(checkpoint(3), [LOG], time=TIME).encode()
    for content in (b"", b"\xff", good[:-1], good.replace(b"\n8\n", b"\n7\n"), forged):
        path.write_bytes(content)
        with pytest.raises(WitnessError, match="checkpoint"):
            witness.add_checkpoint(request(3, 9), time=TIME)
        with pytest.raises(WitnessError):
            list(WitnessFolder(folder).all_latest())
    path.write_bytes(good)
    path.rename(path.with_name("00" * 32 + ".checkpoint"))
    with pytest.raises(WitnessError, match="moved"):
        list(WitnessFolder(folder).all_latest())


def test_another_logs_state_in_its_place_is_noticed(witness: Witness, folder: Path) -> None:
    other = Signer.generate("other.example")
    WitnessFolder(folder).trust(other.vkey)
    note = sign_checkpoint(checkpoint(2, origin=other.name), [other], time=TIME)
    witness.add_checkpoint(format_consistency(ConsistencyFile(0, (), note)).encode(), time=TIME)
    (theirs,) = (folder / "latest").iterdir()
    witness.add_checkpoint(request(0, 8), time=TIME)
    (ours,) = set((folder / "latest").iterdir()) - {theirs}
    ours.write_bytes(theirs.read_bytes())
    with pytest.raises(WitnessError, match="moved"):
        witness.add_checkpoint(request(8, 9), time=TIME)


def test_folders_and_keys_that_do_not_fit(witness: Witness, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WitnessError, match="not a witness"):
        WitnessFolder(tmp_path / "absent")
    with pytest.raises(WitnessError, match="exists"):
        Witness.create(folder, Cosigner.generate("w"))
    with pytest.raises(KeyFileError, match="not those"):
        Witness(WitnessFolder(folder), Cosigner.generate("witness.example/w1"))
    with pytest.raises(NoteError, match="not a log's"):
        WitnessFolder(folder).trust(Cosigner.generate(ORIGIN).vkeys[0])
    (folder / VKEYS).write_text("".join(f"{Cosigner.generate(name).vkeys[0]}\n" for name in "ab"), "utf-8")
    with pytest.raises(WitnessError, match="one witness"):
        WitnessFolder(folder)


def test_evidence_is_bounded(witness: Witness, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.witness.witness_folder.MAX_REFUSED", 2)
    witness.add_checkpoint(request(0, 8), time=TIME)
    for size in (9, 10, 11, 12):
        assert witness.add_checkpoint(request(8, size, FORKED), time=TIME).status == 422
    assert len(refused(folder)) == 2


# Answer files

LINE = format_signature(Cosigner.generate("w").cosign(checkpoint(3), time=TIME)[0])


def test_answers_round_trip() -> None:
    for answer in (
        Answer(200, LINE),
        Answer(200, LINE * 3),
        Answer(409, "8\n"),
        Answer(403, "why\n"),
        Answer(500, "\n"),
    ):
        assert parse_answer(format_answer(answer)) == answer
    assert format_answer(Answer(200, LINE)) == LINE
    assert format_answer(Answer(409, "20852163\n")) == "status 409\n20852163\n"


ANSWER_ATTACKS = {
    "empty": "",
    "nonsense": "nonsense",
    "status 200": f"status 200\n{LINE}",
    "no status": "status \nx\n",
    "leading zero": "status 0403\nx\n",
    "no such status": "status 1000\nx\n",
    "informational": "status 100\nx\n",
    "negative": "status -403\nx\n",
    "two spaces": "status  403\nx\n",
    "no body": "status 403\n",
    "no last newline": "status 403\nx",
    "two lines": "status 403\nx\ny\n",
    "escape": "status 403\n\x1b[31m\n",
    "right to left": "status 403\n\u202e\n",
    "long reason": f"status 403\n{'x' * 1001}\n",
    "409 without a size": "status 409\nx\n",
    "409 with a padded size": "status 409\n08\n",
    "409 with a huge size": f"status 409\n{2**63}\n",
    "a note instead of lines": f"text\n\n{LINE}",
    "lines with a blank one": f"{LINE}\n{LINE}",
    "hyphen": LINE.replace("—", "-"),
    "no newline": LINE[:-1],
    "carriage return": LINE.replace("\n", "\r\n"),
    "too many": LINE * 101,
    "too long": "status 403\n" + "x" * 1_000_001,
    "lone surrogate": LINE.replace("w", "\ud800", 1),
}


@pytest.mark.parametrize("name", ANSWER_ATTACKS)
def test_attacks_on_the_answer_parser(name: str) -> None:
    with pytest.raises((WitnessError, NoteError)):
        parse_answer(ANSWER_ATTACKS[name])


def test_a_refusal_has_no_signatures() -> None:
    with pytest.raises(WitnessError, match="409, its latest cosigned size is 8"):
        _ = Answer(409, "8\n").signatures
