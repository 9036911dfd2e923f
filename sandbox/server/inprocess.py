"""What stands for a broken connection where there is none: the errors that httpx raises when it meets one."""

import httpx

from sandbox.vendors.base.refusal import Severed


class WasReset(httpx.ReadError, Severed):
    """The connection was reset."""


class Disconnected(httpx.RemoteProtocolError, Severed):
    """The connection was closed too early."""


class NoAnswer(httpx.ReadTimeout, Severed):
    """The answer did not come in time."""


class InProcess:
    """The link of an exchange without a socket."""

    is_held = False

    def reset(self) -> None:
        raise WasReset("[Errno 104] Connection reset by peer")

    def close(self) -> None:
        raise Disconnected("Server disconnected without sending a response.")

    def cut(self, sent: int, promised: int | None) -> None:
        why = "incomplete chunked read" if promised is None else f"received {sent} bytes, expected {promised}"
        raise Disconnected(f"peer closed connection without sending complete message body ({why})")

    def give_up(self) -> None:
        raise NoAnswer("The read operation timed out")

    def keep_no_date(self) -> None:
        pass  # nobody else gives one
