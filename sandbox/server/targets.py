"""Where callbacks may go: judged by the address that is connected to, whatever name stood for it."""

import socket
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from sandbox.addresses import EVERYTHING, NUMBER, Address, Network, address_of, matches, name_of, network_of, pattern_of
from sandbox.server.embedded_addresses import leads_to

LOCAL: tuple[Network, ...] = tuple(
    map(ip_network, ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
)
"""Loopback and private addresses. Link-local ones are not among them: there clouds keep their secrets."""
CLOUD_SECRETS = {
    "fd00:ec2::/32": "AWS: metadata, the credentials of pods",
    "fd20:ce::254/128": "Google",
    "fd00:c1::a9fe:a9fe/128": "Oracle",
    "192.0.0.192/32": "Oracle, Classic",
    "fd00:42::42/128": "Scaleway",
    "100.100.100.200/32": "Alibaba",
    "fd00:100::100:200/128": "Alibaba",
    "168.63.129.16/32": "Azure: the wire server",
    "fd00:a9fe:a9fe::1/128": "Akamai (Linode)",
}
"""Where clouds keep theirs under other addresses than link-local ones, and which they are."""
BY_ADDRESS_ONLY: tuple[Network, ...] = tuple(
    map(ip_network, ("169.254.0.0/16", "fe80::/10", *CLOUD_SECRETS, "0.0.0.0/8", "::/128", "224.0.0.0/4", "ff00::/8"))
)
"""What neither a name nor another network opens, since the owner of a name may point it there: those secrets again,
this very machine by another name, and everybody at once."""


class BadTarget(ValueError):
    """An item of SANDBOX_CALLBACK_ALLOW that cannot be understood."""


class Forbidden(Exception):
    """A target that the policy does not allow."""


class TargetPolicy:
    """`allow`: host names, `.example.com`, addresses, networks in CIDR notation, or `*` for everything."""

    def __init__(self, allow: Sequence[str], *, bound_to_loopback: bool) -> None:
        self._names: list[str] = []
        self._networks: list[Network] = list(LOCAL) if bound_to_loopback else []
        self._is_open = EVERYTHING in allow
        for item in allow:
            if item != EVERYTHING:
                self._add(item)

    def _add(self, item: str) -> None:
        try:
            self._networks.append(network_of(item))
            return
        except ValueError:
            pass  # a name, then
        try:
            self._names.append(pattern_of(item))
        except ValueError:
            raise BadTarget(
                "SANDBOX_CALLBACK_ALLOW takes host names, .example.com for that and all below it, addresses, networks"
                f" as 10.0.0.0/8, or *, all without scheme and port: not {item!r}."
            ) from None

    def check(self, host: str, address: str) -> None:
        """Raise `Forbidden` unless a callback to `host` may connect to this numeric address."""
        is_named = self._is_named(host)
        if not self._is_open and not all(self._allows(judged, is_named=is_named) for judged in leads_to(address)):
            raise Forbidden(f"the target {written(address)} is not allowed: name it in SANDBOX_CALLBACK_ALLOW")

    def _is_named(self, host: str) -> bool:
        try:
            return matches(name_of(host), self._names)
        except ValueError:
            return False  # an address

    def _allows(self, address: Address, *, is_named: bool) -> bool:
        networks = [network for network in self._networks if address in network]
        for guarded in BY_ADDRESS_ONLY:
            if address in guarded:
                return any(network.prefixlen >= guarded.prefixlen for network in networks)
        return is_named or bool(networks)


def check_spelling(host: str) -> None:
    """Raise `Forbidden` for a host that ends in a number and is no address, however one of IPv4 may be written.

    Who asks for such a name would learn what somebody made of it who owns a search domain, or nothing.
    """
    if address_of(host) is None and NUMBER.fullmatch(host.lower().removesuffix(".").rpartition(".")[2]):
        try:
            socket.inet_aton(host)
        except OSError:
            raise Forbidden(f"{host} is no address, though it ends in a number") from None


def written(address: str) -> str:
    """Return an address as RFC 5952 has it. Pythons before 3.13 write IPv4 that is mapped into IPv6 otherwise."""
    plain, scope, name = address.partition("%")
    read = ip_address(plain)
    mapped = read.ipv4_mapped if isinstance(read, IPv6Address) else None
    return f"{read if mapped is None else f'::ffff:{mapped}'}{scope}{name}"
