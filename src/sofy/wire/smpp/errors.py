"""The one way a peer's bytes can be wrong."""

from sofy.wire.smpp.codes import Status


class Malformed(Exception):
    """The peer sent bytes that are not SMPP 3.4; `status` is what the generic_nack says."""

    def __init__(self, reason: str, status: Status = Status.RINVCMDLEN, sequence: int = 0) -> None:
        super().__init__(reason)
        self.status = status
        self.sequence = sequence
