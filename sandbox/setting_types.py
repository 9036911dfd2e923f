"""What may the value of a setting be? Each type refuses by a sentence that goes on after the setting's name."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from sandbox.addresses import EVERYTHING, address_of, host_of, name_of, network_of, pattern_of

MOST_NUMBER = 10**18 - 1
"""It fits into the store."""
MOST_DIGITS = len(str(MOST_NUMBER))
EARLIEST_S, LATEST_S = 0, 253_370_764_800
"""1970 and 9999: before and after them there is not a date for everything that a world can hold."""
SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
LOG_KINDS = ("plain", "access", "json")
DEFAULT_PORTS = {"http": 80, "https": 443}
URL_PATH = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/")


def whole_number(least: int, most: int, *, or_none: bool = False) -> Any:
    """Return the type of a whole number within bounds; `or_none`: it may be left out."""

    def read(written: object) -> int | None:
        if written is None and or_none:
            return None
        digits = str(written).strip()
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS
        if not (is_number and least <= int(digits) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}, not {digits!r}.")
        return int(digits)

    return BeforeValidator(read)


def _time(written: object) -> object:
    """Return a text as ms; pydantic would take a time without a zone, and a bare number, as well."""
    if not isinstance(written, str):
        return written
    try:
        moment = datetime.fromisoformat(written.strip())
        seconds = moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None:
        raise ValueError(f"must be a time with its zone, as 2026-05-06T09:00:00Z, not {written!r}.")
    if not EARLIEST_S <= seconds < LATEST_S:
        raise ValueError(f"must be a time from 1970 to 9998, not {written!r}.")
    return round(seconds * 1000)


def _switch(written: object) -> bool:
    value = SWITCH.get(str(written).strip().lower())
    if value is None:
        raise ValueError(f"must be 1 or 0, not {written!r}.")
    return value


def _log_kind(written: object) -> str:
    kind = str(written).strip().lower()
    if kind not in LOG_KINDS:
        raise ValueError(f"must be one of {', '.join(LOG_KINDS)}, not {written!r}.")
    return kind


def _token(written: object) -> object:
    """A blank or a control character inside it could not be sent; around it, it is of the file it came from."""
    token = str(written).strip()
    if not token.isprintable() or " " in token:
        raise ValueError("must have no blanks and no control characters: a header could not carry them.")
    return token


def _items(written: object) -> list[str]:
    given = written.split(",") if isinstance(written, str) else written
    assert isinstance(given, list | tuple), "a text, or what was read before"
    return [item.strip() for item in given if item.strip()]


def _names(written: object) -> tuple[str, ...]:
    return tuple(item.lower() for item in _items(written))


def _hosts(written: object) -> tuple[str, ...]:
    return tuple(map(_host, _items(written)))


def _host(written: str) -> str:
    host = host_of(written)
    address = address_of(host)
    try:
        return str(address) if address is not None and "/" not in written.partition("://")[0] else pattern_of(host)
    except ValueError:
        raise ValueError(
            f"takes names as sandbox.example, .example.com for that and all below it, or *, not {written!r}."
        ) from None


def _proxies(written: object) -> tuple[str, ...]:
    return tuple(map(_proxy, _items(written)))


def _proxy(written: str) -> str:
    try:
        return written if written == EVERYTHING else str(network_of(written))
    except ValueError:
        raise ValueError(f"takes addresses, networks as 10.0.0.0/8, or *, not {written!r}.") from None


def _bind_address(written: object) -> str:
    return str(written).strip().removeprefix("[").removesuffix("]")


def _public_url(written: object) -> str:
    """Return a URL without a slash at its end."""
    text = str(written).strip()
    try:
        url = urlsplit(text)
        origin = f"{url.scheme}://{_authority(url)}"
    except ValueError:
        origin = ""
    path = url.path.rstrip("/") if origin else ""
    is_plain = URL_PATH.issuperset(path) and "//" not in path and not path.endswith(("/.", "/.."))
    if not origin or not is_plain or "@" in url.netloc or url.query or url.fragment:
        raise ValueError(f"must be a URL as https://sandbox.example or https://example.com/sandbox, not {text!r}.")
    if path == "/_sandbox" or path.startswith("/_sandbox/"):
        raise ValueError(f"must have a path that does not begin with /_sandbox, which is put behind it, not {text!r}.")
    return origin + path


def _authority(url: SplitResult) -> str:
    """Return host and port as a browser has them; raises ValueError for what is no host, or none of HTTP."""
    host = url.hostname or ""
    if url.scheme not in DEFAULT_PORTS:
        raise ValueError(url.scheme)
    address = address_of(host)
    name = name_of(host) if address is None else f"[{address}]" if address.version == 6 else str(address)
    return name if url.port in (None, DEFAULT_PORTS[url.scheme]) else f"{name}:{url.port}"


Port = Annotated[int, whole_number(0, 65535)]
Seed = Annotated[int, whole_number(0, MOST_NUMBER)]
StartTime = Annotated[int | None, BeforeValidator(_time)]
Switch = Annotated[bool, BeforeValidator(_switch)]
LogKind = Annotated[str, BeforeValidator(_log_kind)]
Token = Annotated[str | None, BeforeValidator(lambda written: None if written is None else _token(written))]
BindAddress = Annotated[str, BeforeValidator(_bind_address)]
PublicUrl = Annotated[str | None, BeforeValidator(lambda written: None if written is None else _public_url(written))]
# NoDecode: the variable holds names between commas, not JSON.
NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
HostList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)]
ProxyList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_proxies)]
