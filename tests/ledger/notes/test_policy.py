"""Trust policies: the format as C2SP describes it, quorums against a slow oracle, and attacks."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import (
    Checkpoint,
    Cosigner,
    Note,
    Signature,
    SignatureError,
    Signer,
    UnknownSignerError,
    format_note,
    parse_note,
)
from ledger.errors import NoteError, PolicyError, QuorumError
from ledger.notes.policy import MAX_KEYS, MAX_POLICY, Policy, parse_policy
from ledger.notes.signer import sign_checkpoint
from ledger.notes.vkey import Kind, PublicKey, format_vkey, parse_vkey

ORIGIN = "lab.example/case-17"
CHECKPOINT = Checkpoint(ORIGIN, 3, bytes(32))
LOG = Signer.from_private_bytes(bytes(32), name=ORIGIN, mldsa_seed=bytes(32))
WITNESSES = [Cosigner.generate(f"witness.example/{number}") for number in range(6)]
LOG_LINES = "".join(f"log {vkey}\n" for vkey in LOG.vkeys)
X = "".join(f"witness X{number} {WITNESSES[number].vkeys[0]}\n" for number in range(3))
Y = "".join(f"witness Y{number} {WITNESSES[number + 3].vkeys[0]}\n" for number in range(3))
EXAMPLE = (
    f"# the example of the specification\n{LOG_LINES}\n{X}group X-witnesses 2 X0 X1 X2\n\n{Y}"
    "group Y-witnesses any Y0 Y1 Y2\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
)


def cosigned(*witnesses: int, log: Signer = LOG, kind: int = 0, checkpoint: Checkpoint = CHECKPOINT) -> str:
    note = parse_note(sign_checkpoint(checkpoint, [log], time=1))
    added = tuple(WITNESSES[number].cosign(checkpoint, time=100 + number)[kind] for number in witnesses)
    return format_note(Note(note.text, note.signatures + added))


def policy(text: str) -> Policy:
    return parse_policy(text.encode())


def test_the_example_of_the_specification() -> None:
    read = policy(EXAMPLE)
    for chosen in itertools.chain.from_iterable(itertools.combinations(range(6), n) for n in range(7)):
        enough = len({0, 1, 2} & set(chosen)) >= 2 and bool({3, 4, 5} & set(chosen))
        if enough:
            result = read.check(cosigned(*chosen))
            assert result.checkpoint == CHECKPOINT
            assert result.logs == LOG.vkeys
            assert [(each.witness.vkey, each.time) for each in result.cosigned] == [
                (WITNESSES[number].vkeys[0], 100 + number) for number in chosen
            ]
        else:
            with pytest.raises(QuorumError, match="X-and-Y"):
                read.check(cosigned(*chosen))


def test_no_quorum() -> None:
    read = policy(LOG_LINES + "quorum none\n")
    assert read.check(cosigned()).cosigned == ()
    assert read.open_checkpoint(cosigned(1)) == CHECKPOINT
    with pytest.raises(UnknownSignerError):
        read.check(cosigned(log=Signer.generate(ORIGIN)))


def test_a_policy_without_logs_believes_nothing() -> None:
    with pytest.raises(UnknownSignerError):
        policy("quorum none\n").check(cosigned())
    with pytest.raises(UnknownSignerError):
        policy(X + "quorum X0\n").check(cosigned(0))


def test_a_log_vouches_for_its_own_origin_only() -> None:
    note = cosigned(0, checkpoint=Checkpoint("other.example", 3, bytes(32)))
    with pytest.raises(UnknownSignerError):
        policy(LOG_LINES + "quorum none\n").check(note)


def test_two_keys_of_one_witness_count_once_in_a_group_of_any() -> None:
    both = "".join(f"witness W{kind} {WITNESSES[0].vkeys[kind]}\n" for kind in (0, 1))
    other = f"witness V {WITNESSES[1].vkeys[1]}\n"
    read = policy(f"{LOG_LINES}{both}{other}group W any W0 W1\ngroup two 2 W V\nquorum two\n")
    note = parse_note(cosigned())
    with pytest.raises(QuorumError):
        read.check(format_note(Note(note.text, note.signatures + WITNESSES[0].cosign(CHECKPOINT, time=5))))
    added = (WITNESSES[0].cosign(CHECKPOINT, time=5)[1], WITNESSES[1].cosign(CHECKPOINT, time=6)[1])
    assert len(read.check(format_note(Note(note.text, note.signatures + added))).cosigned) == 2


def test_a_witness_that_cosigned_twice_counts_once_with_its_latest_time() -> None:
    read = policy(LOG_LINES + X + "group two 2 X0 X1\nquorum two\n")
    note = parse_note(cosigned())
    times = tuple(WITNESSES[0].cosign(CHECKPOINT, time=time)[0] for time in (7, 9, 8))
    with pytest.raises(QuorumError):
        read.check(format_note(Note(note.text, note.signatures + times)))
    result = policy(LOG_LINES + X + "quorum X0\n").check(format_note(Note(note.text, note.signatures + times)))
    assert [each.time for each in result.cosigned] == [9]


def test_a_forged_signature_rejects_the_checkpoint() -> None:
    note = parse_note(cosigned(0))
    genuine = note.signatures[-1]
    forged = Signature(genuine.name, genuine.key_id, bytes(72))
    with pytest.raises(SignatureError):
        policy(LOG_LINES + X + "quorum none\n").check(format_note(Note(note.text, (*note.signatures, forged))))
    with pytest.raises(NoteError):
        policy(EXAMPLE).check("nonsense")


def test_whitespace_comments_urls_and_opaque_octets() -> None:
    witness = f"witness \xff {WITNESSES[0].vkeys[0]} u"
    text = f"\t log \t{LOG.vkey}  https://lab.example/ \n \t\n  # comment \xe9\n{witness}\nquorum \xff"
    read = parse_policy(text.encode("latin-1") + b"\t\n")
    assert read.logs[0].url == b"https://lab.example/"
    assert (read.witnesses[0].name, read.witnesses[0].url, read.quorum) == (b"\xff", b"u", b"\xff")
    assert read.check(cosigned(0))
    kelvin = f"witness \u212a {WITNESSES[0].vkeys[0]}\nquorum K\n"
    with pytest.raises(PolicyError, match="line 2"):
        policy(kelvin)


W0, W1 = WITNESSES[0].vkeys[0], WITNESSES[1].vkeys[0]
ONE = f"witness a {W0}\nwitness b {W1}\n"
RENAMED = format_vkey(PublicKey("renamed", Kind.ED25519_COSIGNATURE, parse_vkey(W0).key))
ATTACKS = {
    "empty": "",
    "no quorum": ONE,
    "two quorums": "quorum none\nquorum none\n",
    "quorum of two": ONE + "quorum a b\n",
    "quorum of nothing": "quorum\n",
    "quorum before its witness": f"quorum a\nwitness a {W0}\n",
    "no last newline": "quorum none",
    "carriage return": "quorum none\r\n",
    "nul": "quorum none\0\n",
    "delete": "quorum none\x7f\n",
    "form feed as a separator": "quorum\x0cnone\n",
    "no-break space as a separator": "quorum\u00a0none\n",
    "comment behind a line": "quorum none # comment\n",
    "unknown keyword": "Quorum none\n",
    "the same name twice": f"witness a {W0}\nwitness a {W1}\nquorum none\n",
    "group with a witness' name": ONE + "group a any b\nquorum none\n",
    "witness called none": f"witness none {W0}\nquorum none\n",
    "group called none": ONE + "group none any a\nquorum none\n",
    "none as a member": ONE + "group g any a none\nquorum none\n",
    "member of itself": ONE + "group g any g\nquorum none\n",
    "undefined member": ONE + "group g any c\nquorum none\n",
    "member twice in one group": ONE + "group g 2 a a\nquorum g\n",
    "member of two groups": ONE + "group g any a\ngroup h any a b\nquorum h\n",
    "group without members": ONE + "group g any\nquorum none\n",
    "threshold 0": ONE + "group g 0 a b\nquorum g\n",
    "threshold 3 of 2": ONE + "group g 3 a b\nquorum g\n",
    "threshold 01": ONE + "group g 01 a b\nquorum g\n",
    "threshold +1": ONE + "group g +1 a b\nquorum g\n",
    "threshold in other digits": ONE + "group g \u0661 a b\nquorum g\n",
    "threshold superscript": ONE + "group g \u00b2 a b\nquorum g\n",
    "threshold ANY": ONE + "group g ANY a b\nquorum g\n",
    "threshold huge": ONE + f"group g {'9' * 5000} a b\nquorum g\n",
    "witness without a key": "witness a\nquorum none\n",
    "witness without anything": "witness\nquorum none\n",
    "witness with two urls": f"witness a {W0} u v\nquorum none\n",
    "log without a key": "log\nquorum none\n",
    "log that is no vkey": "log nonsense\nquorum none\n",
    "log with a witness' kind of key": f"log {W0}\nquorum none\n",
    "witness with a log's kind of key": f"witness a {LOG.vkey}\nquorum none\n",
    "the same key twice": f"witness a {W0}\nwitness b {W0}\nquorum none\n",
    "the same key under another name": f"witness a {W0}\nwitness b {RENAMED}\nquorum none\n",
    "the same log twice": f"log {LOG.vkey}\nlog {LOG.vkey} url\nquorum none\n",
    "too long": "#" * MAX_POLICY + "\nquorum none\n",
    "too many groups": ONE
    + "group g0 any a\n"
    + "".join(f"group g{n + 1} any g{n}\n" for n in range(MAX_KEYS))
    + "quorum a\n",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_the_policy_parser(name: str) -> None:
    with pytest.raises(PolicyError):
        policy(ATTACKS[name])


def test_a_vkey_that_is_not_utf8() -> None:
    with pytest.raises(PolicyError, match="line 1"):
        parse_policy(b"log \xff+00000000+AA==\nquorum none\n")


def test_at_least_what_the_specification_recommends() -> None:
    logs = "".join(f"log {Signer.from_private_bytes(bytes([n]) * 32, name=ORIGIN).vkey}\n" for n in range(32))
    witnesses = "".join(f"witness w{n} {Cosigner.generate('w').vkeys[0]}\n" for n in range(32))
    groups = "".join(f"group g{n} any w{n}\n" for n in range(32))
    assert len(policy(logs + witnesses + groups + "quorum g31\n").groups) == 32


@given(st.sets(st.integers(0, 5)), st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), max_size=4))
@settings(deadline=None, max_examples=40)
def test_quorums_against_a_recursive_oracle(chosen: set[int], shape: list[tuple[int, int]]) -> None:
    """Each step groups the next few names that are free; the oracle walks the tree from the top."""
    free = [f"w{number}" for number in range(6)]
    lines = [f"witness w{number} {WITNESSES[number].vkeys[0]}" for number in range(6)]
    groups: dict[str, tuple[int, list[str]]] = {}
    for number, (members, threshold) in enumerate(shape):
        taken, free = free[:members], free[members:]
        groups[f"g{number}"] = (min(threshold, len(taken)), taken)
        lines.append(f"group g{number} {min(threshold, len(taken))} {' '.join(taken)}")
        free.append(f"g{number}")
    quorum = free[-1]

    def reached(name: str) -> bool:
        if name not in groups:
            return int(name[1:]) in chosen
        return sum(map(reached, groups[name][1])) >= groups[name][0]

    read = policy(LOG_LINES + "\n".join(lines) + f"\nquorum {quorum}\n")
    if reached(quorum):
        read.check(cosigned(*sorted(chosen)))
    else:
        with pytest.raises(QuorumError):
            read.check(cosigned(*sorted(chosen)))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_policy_or_a_policy_error(data: bytes) -> None:
    try:
        parse_policy(data)
    except PolicyError:
        return
    assert b"quorum" in data
