"""Is every hostile request answered in shape, and nobody else harmed?"""

import json
import socket
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from random import Random

from bench.chores import COMMAND, JSON
from bench.servers import Server
from torture.figures import Budget, Figures
from torture.requests import OURS, READS, WAYS, Sent
from torture.wire import Addressed, Answer, Malformed, parsed, received

TIMEOUT_S = 30.0
LOOK_EVERY = 25
"""Inputs until the next look whether a good read is answered."""
WORLD = "clinic"


def run(budget: Budget, seed: int, folder: Path) -> Figures:
    """Send them to a server of its own; it must have logged no failure in the end."""
    figures = Figures("hostile inputs")
    with Server([*COMMAND, "--database", str(folder / "hostile.db")]) as server:
        make_workspace(server)
        attack(server, budget, seed, figures)
        logged = server.errors()
        if not server.is_running:
            figures.is_wrong("the server has ended")
        if "Traceback" in logged:
            figures.count("defects", f"it logged a failure: {logged[-500:]}")
    return figures


def make_workspace(server: Addressed) -> None:
    with closing(HTTPConnection(*server.address, timeout=TIMEOUT_S)) as connection:
        name = OURS.rpartition("/")[2]
        connection.request("POST", "/_sandbox/workspaces", json.dumps({"name": name, "fixture": WORLD}), dict(JSON))
        connection.getresponse().read()


def attack(
    server: Addressed, budget: Budget, seed: int, figures: Figures, ways: tuple[Callable[[Random], Sent], ...] = WAYS
) -> None:
    """Send one request of each kind by turns."""
    chance = Random(f"{seed}/hostile")
    for n in budget:
        sent = ways[n % len(ways)](chance)
        figures.count("inputs")
        judge(server, sent, figures)
        if n % LOOK_EVERY == 0:
            look(server, figures, sent)


def judge(server: Addressed, sent: Sent, figures: Figures) -> list[Answer]:
    """Send it, and look at what is answered; return that."""
    try:
        answers = send(server, sent)
    except Malformed as error:
        figures.count("misshapen", f"no HTTP in the answer to {sent.raw[:200]!r}: {error}")
        return []
    except OSError as error:
        figures.is_wrong(f"{error!r} in answer to {sent.raw[:200]!r}")
        return []
    if sent.is_whole and len(answers) != 1:
        figures.is_wrong(f"{len(answers)} answers to {sent.raw[:200]!r}")
    for answer in answers:
        figures.judge(answer, sent.target if len(answers) == 1 else None, is_head=sent.is_head)
    return answers


def look(server: Addressed, figures: Figures, last: Sent) -> None:
    """Have a good read of each vendor answered, on other connections."""
    for read in READS:
        answers = judge(server, read, figures)
        if [answer.status for answer in answers] != [200] or b"<result>failed" in answers[0].body:
            figures.is_wrong(f"a good read is answered {answers} after {last.raw[:200]!r}")


def send(server: Addressed, sent: Sent) -> list[Answer]:
    """The answers, until the server closes."""
    with socket.create_connection(server.address, TIMEOUT_S) as connection:
        try:
            connection.sendall(sent.raw)
            if not sent.is_whole:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it was refused before it was all sent
        return parsed(received(connection), is_head=sent.is_head)
