"""By which names is this server called, and which web pages are its own?

A name that another can point here (DNS rebinding) must not become one of ours by being sent. So a page's `Origin` is
compared with what the server knows of itself, and with the request's `Host`; as RFC 6454 compares, but for the scheme
that a proxy took off.
"""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from sandbox.addresses import address_of, matches
from sandbox.settings import Settings

AUTHORITY = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?")
LOCALHOST = "localhost"
PORTS = {"http": 80, "https": 443}


class Authority(NamedTuple):
    """Of a URL. `host`: a name or an address, without brackets, in the form in which two are compared."""

    host: str
    port: int


class OwnNames:
    """The names of this server: localhost, the one it is bound to, and those that the settings give it.

    Any address is one: no name led to it that another could point here.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = settings.own_names

    def has(self, host: str) -> bool:
        """Return whether a host, as `comparable` returns it, is this server by name."""
        return address_of(host) is not None or host == LOCALHOST or matches(host, self._names)

    def are_in(self, url: str) -> bool:
        """Return whether a URL names this server, by whatever port and path: a proxy may have changed these."""
        host = urlsplit(url).hostname or ""
        try:
            return self.has(comparable(host if host.isascii() else host.encode("idna").decode()))
        except UnicodeError:
            return False

    def are_called(self, hosts: Sequence[str]) -> bool:
        """Return whether the `Host` headers of a request are one, and that names this server."""
        called = authority(hosts[0], 0) if len(hosts) == 1 else None
        return called is not None and self.has(called.host)

    def is_own_page(self, origins: Sequence[str], hosts: Sequence[str], scheme: str) -> bool:
        """Return whether the `Origin` headers are one, of a page that this server sent by the name that is called now.

        `scheme`: that of the request as it came here. A page of https may be ours nevertheless: a proxy took that off.
        """
        if len(origins) != 1 or len(hosts) != 1:
            return False
        its_scheme, separator, rest = origins[0].lower().partition("://")
        if not separator or its_scheme not in (scheme, "https"):
            return False
        page, called = authority(rest, PORTS[its_scheme]), authority(hosts[0], PORTS[its_scheme])
        return page is not None and page == called and self.has(page.host)


def authority(written: str, default_port: int) -> Authority | None:
    """Return what `Host` says, or an `Origin` behind its scheme; None of what is neither."""
    found = AUTHORITY.fullmatch(written.lower())
    if found is None:
        return None
    port = int(found[2] or default_port)
    return Authority(comparable(found[1]), port) if port < 1 << 16 else None


def comparable(host: str) -> str:
    """Return a host in small letters, without brackets and the dot at its end; an IPv6 address in its shortest form."""
    bare = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        address = ip_address(bare)
    except ValueError:
        return bare
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
