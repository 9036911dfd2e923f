"""Every rule there is, for whoever lists them."""

from sandbox.vendors import VENDORS
from sandbox.world.rules import NETWORK_RULES

NETWORK = "network"


def every_rule() -> list[dict[str, str]]:
    """`id`, `vendor` (`network` for what all share), `summary`, `provenance`, `source`."""
    owners = ((NETWORK, NETWORK_RULES), *((vendor.name, vendor.rules) for vendor in VENDORS))
    return [
        {
            "id": rule.id,
            "vendor": owner,
            "summary": rule.summary,
            "provenance": ", ".join(rule.provenance),
            "source": rule.source,
        }
        for owner, rules in owners
        for rule in rules
    ]
