"""Every rule there is, for whoever lists them."""

from sandbox.vendors import VENDORS
from sandbox.world.rules import NETWORK_RULES

NETWORK = "network"
HEADING = """# Rules

Every behaviour that a caller can see. *documented*: in a vendor's reference. *observed*: in another public page of the
vendor, or in public client code. *standard*: in a public standard. *assumed*: nobody says, so we decided; it changes as
soon as somebody shows better. Made by `dialog-sandbox rules --markdown`.

| id | rule | provenance | source |
| --- | --- | --- | --- |"""


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


def rules_table() -> str:
    """All rules as the Markdown of docs/rules.md."""
    rows = [f"| {rule['id']} | {rule['summary']} | {rule['provenance']} | {rule['source']} |" for rule in every_rule()]
    return "\n".join((HEADING, *rows)) + "\n"
