"""Which addresses does a name stand for? Asked of the system, so that a name that nobody knows delays nothing else."""

import asyncio
import socket
from concurrent.futures import Future
from threading import Thread


async def resolve(host: str, port: int) -> list[str]:
    """Return each address once. Raises what the system does when it finds none (`OSError`, `UnicodeError`).

    `loop.getaddrinfo` would not do: its few threads are soon all taken by names that nobody answers for, which takes
    the system seconds and cannot be broken off, and the process waits for them before it ends. So each question has a
    thread of its own, and a daemon.
    """
    answer: Future[list[str]] = Future()
    answer.set_running_or_notify_cancel()  # so that a thread may answer though the attempt was given up
    Thread(target=_ask, args=(host, port, answer), name="dialog-sandbox-lookup", daemon=True).start()
    return await asyncio.wrap_future(answer)


def _ask(host: str, port: int, answer: "Future[list[str]]") -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except Exception as error:
        answer.set_exception(error)
    else:
        answer.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
