"""A witness' answer (c2sp.org/tlog-witness), and its form as a file that is carried by hand. Pure.

A file with cosignatures is exactly the body of an answer 200, so that the HTTP answer of a public witness can be stored
unchanged:

    — witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39Q...
    — witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlb...

Any other answer begins with its status; the body of a 409 is the size that the witness knows:

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
    """An answer. By its status, `body` is signature lines (200), a size (409), or one line with a reason."""

    status: int
    body: str

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """The cosignatures, none verified. Raises WitnessError, with the reason, if the witness refused."""
        if self.status != OK:
            raise WitnessError(f"the witness refused: {self.reason}")
        return parse_signatures(self.body)

    @property
    def reason(self) -> str:
        """The status and the reason of a refusal, for a reader."""
        if self.status == CONFLICT:
            return f"{self.status}, its latest cosigned size is {self.body.strip()}"
        return f"{self.status}, {self.body.strip()}"


def cosigned(signatures: tuple[Signature, ...]) -> Answer:
    """The answer 200 with these cosignatures."""
    return Answer(OK, "".join(format_signature(signature) for signature in signatures))


def format_answer(answer: Answer) -> str:
    """The text of the file that carries an answer, the inverse of `parse_answer`.

    Raises WitnessError if the answer is not valid.
    """
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
    """The answer in a file, no signature verified. Raises WitnessError unless it is written exactly."""
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
