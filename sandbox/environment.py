"""Which variables of the environment are ours? Others have the prefix too: Kubernetes' service links, misspelt ones."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_settings import EnvSettingsSource

PREFIX = "SANDBOX_"
SERVICE_LINK = re.compile(
    r"SANDBOX_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""What Kubernetes tells every container of the services in its namespace, one of which is called sandbox."""
LINKED_PORT = re.compile(r"(tcp|udp|sctp)://\S+")
"""What such a service's `_PORT` is, where ours is a number."""
NEAR = 0.55
"""How alike two names must be, if they share no word: enough for `TOKEN` and `CONTROL_TOKEN`."""
SET_BY_EXEC = (
    *("SANDBOX_URL", "SANDBOX_WORKSPACE", "SANDBOX_CONTROL_URL"),
    *("SANDBOX_WRITEBACK_URL", "SANDBOX_SIMPLEPAY_URL", "SANDBOX_DIALOGTECH_URL"),
    *("SANDBOX_BASIC_USERNAME", "SANDBOX_BASIC_PASSWORD", "SANDBOX_CONSOLE", "SANDBOX_LINE"),
    *("SANDBOX_ACCESS_KEY", "SANDBOX_SECRET_ACCESS_KEY", "SANDBOX_TRACKING_NUMBER"),
)
"""What `exec` tells its command, which may start a server too."""


class Environment(EnvSettingsSource):
    """The variables that say something: no blank one, and no service link."""

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__call__().items() if _says_something(name, str(value))}


def _says_something(name: str, value: str) -> bool:
    return value.strip() != "" and not (name == "port" and LINKED_PORT.fullmatch(value.strip()))


def ignored_variables(settings: Iterable[str], environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for each variable of our prefix that is ignored, `settings` being the names of those there are.

    Service links are one sentence together, since there are seven of a service.
    """
    names = [name.upper() for name in settings]
    known = {*(PREFIX + name for name in names), *SET_BY_EXEC}
    ours = {name.upper(): value for name, value in sorted(environ.items()) if name.upper().startswith(PREFIX)}
    links = [name for name, value in ours.items() if _is_service_link(name, value)]
    unknown = [name for name in ours if name not in known and name not in links]
    told = [f"Kubernetes' service links were ignored: {', '.join(links)}."] if links else []
    return told + [_of_unknown(name.removeprefix(PREFIX), names) for name in unknown]


def _is_service_link(name: str, value: str) -> bool:
    is_port = name.endswith("_PORT") and LINKED_PORT.fullmatch(value.strip()) is not None
    return is_port or SERVICE_LINK.fullmatch(name) is not None


def _of_unknown(name: str, names: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only who misspelt a name waits for it)

    words = {*name.split("_")}
    nearest = get_close_matches(name, names, n=1, cutoff=NEAR) or [each for each in names if words & {*each.split("_")}]
    meant = f": did you mean {PREFIX}{nearest[0]}?" if nearest else "."
    return f"{PREFIX}{name} was ignored, since there is no such setting{meant}"
