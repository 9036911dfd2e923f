"""By which URL do callers reach the server? Its own address, unless a proxy stands before it: then settings tell.

What a proxy did to a call is undone in its scope, so that everything behind finds the call as its caller made it:
scheme, host and caller where the proxy's headers tell, and the path without the prefix, which is ASGI's `root_path`.
"""

from functools import lru_cache
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from sandbox.addresses import EVERYTHING, Network, address_of, network_of
from sandbox.server.proxy_headers import Forwarded, read_forwarded
from sandbox.settings import Settings


class PublicAddress:
    """What the settings say of proxies: `SANDBOX_PUBLIC_URL`, `SANDBOX_TRUSTED_PROXIES`."""

    def __init__(self, settings: Settings) -> None:
        self._url = urlsplit(settings.public_url) if settings.public_url else None
        self._trusts_all = EVERYTHING in settings.trusted_proxies
        self._networks: list[Network] = [network_of(each) for each in settings.trusted_proxies if each != EVERYTHING]
        self._is_proxy = lru_cache(maxsize=1024)(self._is_in_networks)

    def as_called(self, scope: Scope) -> Scope:
        """Return the scope of a call as its caller made it."""
        if self._url is None and not self._trusts_all and not self._networks:
            return scope
        headers = Headers(scope=scope)
        client = scope.get("client")
        prefix = ""
        if self._is_proxy(client[0] if client else ""):
            forwarded = read_forwarded(headers, scope["scheme"], self._is_proxy)
            scope, prefix = _as_forwarded(scope, forwarded), forwarded.prefix
        if self._url is not None:
            prefix = self._url.path
            if headers.getlist("origin") == [f"{self._url.scheme}://{self._url.netloc}"]:
                # A page of ours: whatever Host the proxy put there, this is the one that the browser called.
                scope = {**scope, "scheme": self._url.scheme, "headers": _with_host(scope, self._url.netloc)}
        return _without_prefix(scope, prefix) if prefix else scope

    def _is_in_networks(self, host: str) -> bool:
        address = address_of(host)
        return self._trusts_all or (address is not None and any(address in network for network in self._networks))


def _as_forwarded(scope: Scope, forwarded: Forwarded) -> Scope:
    return {
        **scope,
        "scheme": forwarded.scheme,
        "client": (forwarded.client, 0) if address_of(forwarded.client) is not None else scope.get("client"),
        "headers": _with_host(scope, forwarded.host) if forwarded.host else scope["headers"],
    }


def _with_host(scope: Scope, host: str) -> list[tuple[bytes, bytes]]:
    """Return the headers with another host in the place of the one that they have; of two, neither is told from it."""
    if sum(name == b"host" for name, _ in scope["headers"]) > 1:
        return list(scope["headers"])
    return [(b"host", host.encode("latin-1")), *(each for each in scope["headers"] if each[0] != b"host")]


def _without_prefix(scope: Scope, prefix: str) -> Scope:
    """Return the scope with the prefix as its root path, and out of its path where the proxy left it in."""
    raw = scope.get("raw_path") or scope["path"].encode()
    plain = unquote(prefix)
    if f"{scope['path']}/".startswith(f"{plain}/") and (raw + b"/").startswith(f"{prefix}/".encode()):
        path = scope["path"].removeprefix(plain) or "/"
        return {**scope, "root_path": prefix, "path": path, "raw_path": raw.removeprefix(prefix.encode()) or b"/"}
    return {**scope, "root_path": prefix}


def public_url_of(request: Request) -> str:
    """Return what URLs that callers are told begin with, without a slash at its end."""
    settings: Settings = request.app.state.settings
    return settings.public_url or str(request.base_url).rstrip("/")


def prefix_of(request: Request) -> str:
    """Return what paths that a browser is told begin with: that of `public_url_of`, empty where there is none."""
    prefix: str = request.scope.get("root_path", "")
    return prefix
