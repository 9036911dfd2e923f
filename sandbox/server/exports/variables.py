"""What are the variables of a collection, when it is taken along?

They are what the document has as examples: those of the fixture `clinic`. For a workspace they are its own.
"""

from collections.abc import Mapping

from sandbox.server.exports.described_calls import DescribedApi

HOST = "host"
CREDENTIALS: Mapping[str, tuple[str, ...]] = {"basic": ("username", "password"), "bearer": ("token",), "": ()}
OF_CLINIC = {"username": "demo", "password": "demo", "token": ""}


def variables_of(api: DescribedApi, host: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of an API's calls. `own`: what a workspace has of them."""
    named = {HOST: host, **{name: OF_CLINIC[name] for name in CREDENTIALS[api.credentials]}, **api.variables}
    return named | {name: value for name, value in own.items() if name in named}
