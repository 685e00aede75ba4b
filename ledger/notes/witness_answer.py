"""What a witness answers (c2sp.org/tlog-witness), and as a file carried by hand. Pure.

A file that holds cosignatures is exactly the body of an answer 200, so that what a public witness says over HTTP can
be stored as it is:

    — witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39Q...
    — witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlb...

Any other answer names its status first; the body of a 409 is the size that the witness knows:

    status 409
    20852163
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import NoteError, WitnessError
from ledger.notes.note import Signature, format_signature, parse_signatures
from ledger.strict import decode_decimal

OK = 200
BAD_REQUEST = 400
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
UNPROCESSABLE = 422

MAX_ANSWER = 1_000_000
_MAX_REASON = 1_000
_FIRST_STATUS, _LAST_STATUS = 300, 599


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what C2SP says for the status: signature lines, a size, or one line of reason."""

    status: int
    body: str

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """The cosignatures, none verified. Raises WitnessError for a refusal, which says why."""
        if self.status != OK:
            raise WitnessError(f"the witness refused: {self.reason}")
        return parse_signatures(self.body)

    @property
    def reason(self) -> str:
        """A refusal in a sentence."""
        if self.status == CONFLICT:
            return f"{self.status}, its latest cosigned size is {self.body.strip()}"
        return f"{self.status}, {self.body.strip()}"


def cosigned(signatures: tuple[Signature, ...]) -> Answer:
    return Answer(OK, "".join(format_signature(signature) for signature in signatures))


def format_answer(answer: Answer) -> str:
    """The file. Raises WitnessError if it cannot be written."""
    try:
        if answer.status == OK:
            parse_signatures(answer.body)
            return answer.body
        if answer.status == CONFLICT:
            decode_decimal(answer.body.removesuffix("\n"))
    except NoteError as error:
        raise WitnessError(f"an answer is malformed: {error}") from error
    line = answer.body.removesuffix("\n")
    if not _FIRST_STATUS <= answer.status <= _LAST_STATUS or not answer.body.endswith("\n") or len(line) > _MAX_REASON:
        raise WitnessError("an answer is neither cosignatures, nor a refusal of one line")
    if any(not char.isprintable() for char in line):
        raise WitnessError("an answer holds a control character")
    return f"status {answer.status}\n{answer.body}"


def parse_answer(text: str) -> Answer:
    """What an answer file says, nothing verified. Raises WitnessError unless it is written exactly."""
    if len(text) > MAX_ANSWER:
        raise WitnessError(f"an answer is longer than {MAX_ANSWER}")
    answer = Answer(OK, text)
    if text.startswith("status "):
        status, _, body = text.partition("\n")
        try:
            answer = Answer(decode_decimal(status.removeprefix("status ")), body)
        except NoteError as error:
            raise WitnessError(f"an answer's status: {error}") from error
        if answer.status == OK:
            raise WitnessError("an answer 200 is its signature lines, without a status")
    if format_answer(answer) != text:
        raise WitnessError("an answer is not written exactly")
    return answer
