"""Where callbacks may go: judged by the address that is connected to, whatever name stood for it."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
LOCAL: tuple[Network, ...] = tuple(
    map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
"""Loopback and private addresses. Link-local ones are not among them: there clouds keep their secrets."""
EVERYTHING = "*"


class BadTarget(ValueError):
    """An item of SANDBOX_CALLBACK_ALLOW that cannot be understood."""


class Forbidden(Exception):
    """A target that the policy does not allow."""


class TargetPolicy:
    """`allow`: host names, addresses, networks in CIDR notation, or `*` for everything."""

    def __init__(self, allow: Sequence[str], *, bound_to_loopback: bool) -> None:
        self._names: set[str] = set()
        self._networks: list[Network] = list(LOCAL) if bound_to_loopback else []
        self._is_open = EVERYTHING in allow
        for item in allow:
            if item != EVERYTHING:
                self._add(item)

    def _add(self, item: str) -> None:
        name = item.lower().removesuffix(".").removeprefix("[").removesuffix("]")
        try:
            self._networks.append(ip_network(name, strict=False))
        except ValueError:
            if not name or not all(part.replace("-", "").isalnum() for part in name.split(".")):
                raise BadTarget(
                    f"SANDBOX_CALLBACK_ALLOW takes host names, addresses, networks as 10.0.0.0/8, or *: not {item!r}."
                ) from None
            self._names.add(name)

    def check(self, host: str, address: str) -> None:
        """Raises `Forbidden` unless a callback to `host` may connect to this numeric address."""
        if self._is_open or host.lower().removesuffix(".") in self._names:
            return
        judged = unwrapped(address)
        if not any(judged.version == network.version and judged in network for network in self._networks):
            raise Forbidden(f"the target {address} is not allowed: name it in SANDBOX_CALLBACK_ALLOW")


def unwrapped(address: str) -> IPv4Address | IPv6Address:
    """Without its scope; an IPv4 address written as IPv6 is what it is."""
    judged = ip_address(address.partition("%")[0])
    mapped = judged.ipv4_mapped if isinstance(judged, IPv6Address) else None
    return mapped or judged
