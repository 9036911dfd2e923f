"""Names and addresses of hosts, as people write them: is this one this machine's own, and which names does it mean?"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

EVERYTHING = "*"
BELOW = ("*.", ".")
"""What a pattern begins with that means all names below one; the dot alone means that one too."""
LABELS = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
HOST_AND_PORT = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]{1,5})?")
MAPPED = IPv6Network("::ffff:0:0/96")


def address_of(host: str) -> Address | None:
    """Return the address that a host is, in brackets or not, without its scope; None when it is a name.

    One of IPv4 that is mapped into IPv6 is that of IPv4.
    """
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def network_of(written: str) -> Network:
    """Return the network of CIDR notation, or of one address; raises ValueError when it is neither."""
    network = ip_network(written.removeprefix("[").removesuffix("]"), strict=False)
    if isinstance(network, IPv6Network) and network.subnet_of(MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine and nobody else's: such an address, or localhost."""
    address = address_of(host)
    return host.lower().removesuffix(".") == "localhost" if address is None else address.is_loopback


def name_of(written: str) -> str:
    """Return a name in the form in which two are compared; raises ValueError when it is none.

    It is in lower case, without the dot at its end, in ASCII. What ends in a number is an address or a mistake.
    """
    name = written.removesuffix(".")
    if not name.isascii():
        name = name.encode("idna").decode()
    name = name.lower()
    if not LABELS.fullmatch(name) or NUMBER.fullmatch(name.rpartition(".")[2]):
        raise ValueError(f"not a name: {written!r}")
    return name


def pattern_of(written: str) -> str:
    """Return a name, all names below one (`.example.com`, `*.example.com`) or `*` as `matches` takes it."""
    if written == EVERYTHING:
        return written
    below = next((prefix for prefix in BELOW if written.startswith(prefix)), "")
    return below + name_of(written.removeprefix(below))


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Return whether one of the patterns means this name, which `name_of` returned."""
    for pattern in patterns:
        if pattern in (EVERYTHING, name, f".{name}") or (
            pattern.startswith(BELOW) and name.endswith(pattern.removeprefix("*"))
        ):
            return True
    return False


def host_of(written: str) -> str:
    """Return the host of `host`, `host:port`, `[::1]:port`, a bare IPv6 address, or a URL, which may be anything."""
    if address_of(written) is not None:
        return written
    authority = written.partition("://")[2] or written
    authority = re.split(r"[/?#]", authority, maxsplit=1)[0].rpartition("@")[2]
    found = HOST_AND_PORT.fullmatch(authority)
    return found[1] if found else authority
