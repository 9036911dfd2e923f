"""To which addresses does one of IPv6 lead on that has one of IPv4 in it?

Whatever network translates them, and in whatever way: each reading is one that a translator here may know.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from sandbox.addresses import Address

OF_THIS_HOST = ip_network("0.0.0.0/8")
AT_THE_END = tuple(map(ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
"""NAT64 (RFC 6052), IPv4-compatible (RFC 4291), and IPv4-translated (RFC 2765)."""
LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
"""RFC 8215. How long a prefix its owner took from it, nobody else knows."""
LOCAL_PREFIXES = (48, 56, 64, 96)
"""Those of RFC 6052 that fit into it."""
ISATAP = (0x0000_5EFE, 0x0100_5EFE, 0x0200_5EFE, 0x0300_5EFE)
"""What stands before the IPv4 address (RFC 5214), with the bits for global and for group addresses or without."""
U_OCTET = 64
"""Where RFC 6052 leaves out eight bits."""


def leads_to(address: str) -> list[Address]:
    """Return an address without its scope, and those of IPv4 that it carries; one only written as IPv6 is that."""
    judged = ip_address(address.partition("%")[0])
    if not isinstance(judged, IPv6Address):
        return [judged]
    if judged.ipv4_mapped is not None:
        return [judged.ipv4_mapped]
    if judged.is_loopback or judged.is_unspecified:
        return [judged]
    return [judged, *dict.fromkeys(_carried(judged))]


def _carried(address: IPv6Address) -> Iterator[IPv4Address]:
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo  # the server and the client
    if any(address in network for network in AT_THE_END) or _bits(address, 64) in ISATAP:
        yield _behind(address, 96)
    if address in LOCAL_NAT64:
        # By another prefix than the right one a good address may read as none that can be called.
        read = [_behind(address, length) for length in LOCAL_PREFIXES]
        yield from [each for each in read if each not in OF_THIS_HOST] or read


def _behind(address: IPv6Address, prefix: int) -> IPv4Address:
    """Return the address behind a prefix of so many bits, as RFC 6052 writes it."""
    if prefix > U_OCTET:
        return IPv4Address(_bits(address, prefix))
    above = U_OCTET - prefix
    return IPv4Address(_bits(address, prefix, above) << (32 - above) | _bits(address, U_OCTET + 8, 32 - above))


def _bits(address: IPv6Address, begin: int, count: int = 32) -> int:
    """Return so many bits, counted from the first."""
    return int(address) >> (128 - begin - count) & ((1 << count) - 1)
