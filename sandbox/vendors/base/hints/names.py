"""Which parameter was meant by a name that is none?"""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints.texts import finding, instead
from sandbox.vendors.base.refusal import NOTE, CallFinding

LONGEST_COMPARED = 60
"""Characters of a name for which one that is near is looked for."""
MOST_NAMES = 20
"""Unknown names of one call that are told and compared; of further ones it is told how many they are."""
NOTHING_ELSEWHERE: Mapping[str, str] = MappingProxyType({})


def of_names(
    exchange: VendorExchange, rule: str, elsewhere: Mapping[str, str] = NOTHING_ELSEWHERE
) -> list[CallFinding]:
    """Return parameters that the operation does not have, or has by another name.

    `elsewhere`: those of other operations, each with whose it is.
    """
    known = known_names(exchange)
    unknown = sorted(exchange.params.keys() - known)
    named = unknown[:MOST_NAMES]
    found = sorted(_of_name(exchange, rule, name, nearest_name(name, known), elsewhere.get(name)) for name in named)
    if len(unknown) > len(named):
        further = f"{len(unknown) - len(named)} further unknown parameters"
        found.append(finding(rule, NOTE, further, f"Leave them out: known are {', '.join(sorted(known))}."))
    return found


def _of_name(exchange: VendorExchange, rule: str, name: str, right: str | None, owner: str | None) -> CallFinding:
    if owner is not None:
        fix = f"Leave {name} out: it may be left over from an earlier call."
        return finding(rule, NOTE, f"the parameter {name}, which is {owner}", fix)
    if right is None or (right in exchange.params and not _is_same_name(right, name)):
        fix = f"Leave {name} out: known are {', '.join(sorted(known_names(exchange)))}."
        return finding(rule, NOTE, f"the unknown parameter {name}", fix)
    if _is_same_name(right, name):
        return finding(rule, NOTE, f"the parameter {name}", instead(right, name))
    return finding(rule, NOTE, f"the unknown parameter {name}", f"Did you mean {right}? {instead(right, name)}")


def known_names(exchange: VendorExchange) -> Collection[str]:
    """Return the names of the operation's parameters."""
    model = None if exchange.operation is None else exchange.operation.parameters
    return () if model is None else model.model_fields


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the parameter that was meant by a name that is none, if one is near."""
    by_key = {_key(each): each for each in known}
    key = _key(name)
    same = by_key.get(key)
    if same is not None or len(key) > LONGEST_COMPARED:
        return same
    close = get_close_matches(key, by_key, n=1, cutoff=0.75)
    return by_key[close[0]] if close else None


def misnamed(exchange: VendorExchange, right: str) -> str | None:
    """Return the parameter that was sent by a wrong name instead of this one, if one was."""
    known = known_names(exchange)
    unknown = sorted(exchange.params.keys() - known)[:MOST_NAMES]
    return next((name for name in unknown if nearest_name(name, known) == right), None)


def _is_same_name(right: str, name: str) -> bool:
    return right.lower() == name.lower()


def _key(name: str) -> str:
    """Return a name without what people write differently: case, what joins words, and what slips in around them."""
    return name.lower().strip(" \t\r\n\ufeff").replace("_", "").replace("-", "")
