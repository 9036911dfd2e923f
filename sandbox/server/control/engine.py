"""Engine: what it is, and what it knows."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import Request, Response

from sandbox.server.control import shapes
from sandbox.server.control.http import answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.guard import MAY_DRIVE
from sandbox.server.rules import every_rule
from sandbox.vendors import VENDORS
from sandbox.world import fixtures
from sandbox.world.delivery import EVERY_OTHER, HANDSETS
from sandbox.world.models import SCHEMA

router = control_router("/_sandbox", "Engine")


@router.get("/version", response_model=shapes.Version)
async def show_version(request: Request) -> Response:
    """Which version this is, which vendors it plays, and what the caller may do."""
    return answer(
        {
            "version": our_version(),
            "schema": SCHEMA,
            "vendors": [vendor.name for vendor in VENDORS],
            "access": "drive" if request.scope[MAY_DRIVE] else "read",
        }
    )


def our_version() -> str:
    """`unknown` when it runs from files that nobody installed."""
    try:
        return version("dialog-sandbox")
    except PackageNotFoundError:
        return "unknown"


@router.get("/rules", response_model=ListOf[shapes.Rule])
async def list_rules() -> Response:
    """Every rule that the sandbox follows, with where it comes from."""
    return listed(every_rule())


@router.get("/fixtures", response_model=ListOf[shapes.Fixture])
async def list_fixtures() -> Response:
    """The fixtures that a workspace can be seeded from."""
    return listed([{"name": fixture.name, "summary": fixture.summary} for fixture in fixtures.available()])


@router.get("/templates", response_model=ListOf[shapes.Template])
async def list_templates() -> Response:
    """The catalogue's texts that organisations send; words in braces are filled in for each person."""
    found = fixtures.catalogue().templates
    return listed(
        [
            {"name": name, "title": template.title, "texts": template.texts}
            for name, template in found.items()
            if template.title is not None
        ]
    )


@router.get("/handset-numbers", response_model=ListOf[shapes.HandsetNumber])
async def list_handset_numbers() -> Response:
    """The fictional numbers, of any area code, and what each does (rule NET-handsets)."""
    special = [{"number": f"NPA-555-01{xx}", "does": handset.summary} for xx, handset in HANDSETS.items()]
    return listed([{"number": "NPA-555-01xx", "does": f"any other: {EVERY_OTHER}"}, *special])
