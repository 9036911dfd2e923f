"""Clients that offer to go on in another protocol, as Java's does in the first request of every connection.

A server may pass over the offer and answer as if it were not there. The parser cannot: it takes what follows the
headers for the other protocol, the body too. So it does not get to see the offer; whoever answers, does.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

OFFERS = (b"\r\nUpgrade:", b"\r\nupgrade:", b"\r\nUPGRADE:")
HIDDEN_NAME = b"x-grade"
HIDDEN = b"\r\nX-Grade:"
"""As long as what it stands for."""
END_OF_HEADERS = b"\r\n\r\n"


class WithoutUpgrades(HttpToolsProtocol):
    """Speaks HTTP/1.1 to the end of a connection."""

    def data_received(self, data: bytes) -> None:
        offer = next((offer for offer in OFFERS if offer in data), None)
        if offer is None or self._is_in_body():
            super().data_received(data)
            return
        head, end, rest = data.partition(END_OF_HEADERS)
        super().data_received(head.replace(offer, HIDDEN) + end + rest)
        if self.headers is not None:  # nobody has answered yet: that begins when we return
            self.headers[:] = [(b"upgrade" if name == HIDDEN_NAME else name, value) for name, value in self.headers]

    def _is_in_body(self) -> bool:
        return getattr(self.cycle, "more_body", False)  # before the first request there is no cycle
