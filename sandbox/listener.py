"""Which socket does a server listen on?"""

import errno
import socket

from sandbox.startup import fail


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, or one line that says why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # so that the port is ours from here on: two may be bound, but only one listens
    except OSError as error:
        listener.close()
        hint = "; give another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else ""
        fail(f"Cannot listen on {host} port {port}: {error.strerror or error}{hint}.")
    return listener
