"""Engine: what it is, and what it knows."""

from fastapi import Request

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.engine import Fixture, HandsetNumber, Rule, Template, Version
from sandbox.server.access import access_of
from sandbox.server.control.dependencies import VendorsDep
from sandbox.server.control.http import control_router
from sandbox.server.rules import every_rule
from sandbox.server.version import our_version
from sandbox.store.tables import SCHEMA
from sandbox.world import fixtures
from sandbox.world.delivery import EVERY_OTHER, HANDSETS

router = control_router("/_sandbox", "Engine")


@router.get("/version")
async def show_version(request: Request, vendors: VendorsDep) -> Version:
    """Which version this is, which vendors it plays, and what the caller may do."""
    return Version(
        version=our_version(),
        db_schema=SCHEMA,
        vendors=[vendor.name for vendor in vendors],
        access=access_of(request),
    )


@router.get("/rules")
async def list_rules(vendors: VendorsDep) -> ListOf[Rule]:
    """Every rule that the sandbox follows, with where it comes from."""
    return ListOf(items=every_rule(vendors), next=None)


@router.get("/fixtures")
async def list_fixtures() -> ListOf[Fixture]:
    """The fixtures that a workspace can be seeded from."""
    found = [Fixture(name=each.name, summary=each.summary) for each in fixtures.available()]
    return ListOf(items=found, next=None)


@router.get("/templates")
async def list_templates() -> ListOf[Template]:
    """The catalogue's texts that organisations send; words in braces are filled in for each person."""
    found = [
        Template(name=name, title=template.title, texts=template.texts)
        for name, template in fixtures.catalogue().templates.items()
        if template.title is not None
    ]
    return ListOf(items=found, next=None)


@router.get("/handset-numbers")
async def list_handset_numbers() -> ListOf[HandsetNumber]:
    """The fictional numbers, of any area code, and what each does (rule NET-handsets)."""
    every_other = HandsetNumber(number="NPA-555-01xx", does=f"any other: {EVERY_OTHER}")
    special = [HandsetNumber(number=f"NPA-555-01{xx}", does=handset.summary) for xx, handset in HANDSETS.items()]
    return ListOf(items=[every_other, *special], next=None)
