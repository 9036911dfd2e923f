"""Every rule there is: as the control API lists them, and as docs/rules.md has them."""

from collections.abc import Sequence
from dataclasses import asdict

from dialog_sandbox.models.engine import Rule as RuleShown
from dialog_sandbox.models.engine import RulePart
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.rules import NETWORK_RULES

NETWORK = "network"
HEADING = """# Rules

Every behaviour that a caller can see, and of each part of it who says so. *documented*: in a vendor's reference.
*observed*: in another public page of the vendor, or in public client code. *standard*: in a public standard. *assumed*:
nobody says, so we decided; it changes as soon as somebody shows better. Where a reference contradicts itself, both
sides stand there. Made by `dialog-sandbox rules --markdown`.

| id | rule | which part, and where from |
| --- | --- | --- |"""


def every_rule(vendors: Sequence[Vendor]) -> list[RuleShown]:
    """Return the rules of the network that all share, and of these vendors."""
    owners = ((NETWORK, NETWORK_RULES), *((vendor.name, vendor.rules) for vendor in vendors))
    return [
        RuleShown(
            id=rule.id,
            vendor=owner,
            summary=rule.summary,
            provenance=", ".join(rule.provenance),
            source=rule.source,
            parts=[RulePart.model_validate(asdict(part)) for part in rule.parts],
        )
        for owner, rules in owners
        for rule in rules
    ]


def explanations(vendors: Sequence[Vendor]) -> dict[str, str]:
    """Return what each rule says, by its id."""
    return {rule.id: rule.summary for rule in every_rule(vendors)}


def rules_table(vendors: Sequence[Vendor]) -> str:
    """Return all rules as the Markdown of docs/rules.md."""
    rows = [f"| {rule.id} | {rule.summary} | {'<br>'.join(map(_part, rule.parts))} |" for rule in every_rule(vendors)]
    return "\n".join((HEADING, *rows)) + "\n"


def _part(part: RulePart) -> str:
    return f"*{part.provenance}*: {part.text} ({part.source})"


def plain_list(vendors: Sequence[Vendor]) -> str:
    """Return all rules as text for a terminal: each with its parts, and their sources."""
    return "\n\n".join(map(_paragraph, every_rule(vendors))) + "\n"


def _paragraph(rule: RuleShown) -> str:
    parts = [f"  {part.provenance}: {part.text} ({part.source})" for part in rule.parts]
    return "\n".join((f"{rule.id}: {rule.summary}", *parts))
