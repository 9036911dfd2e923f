"""A program that polls Writeback for ever: by its first argument right, or one of the flawed ones.

It takes its time from the `Date` of answers, as docs/rehearsal.md shows; with `BY_WALL` from its own machine.
"""

import os
import sys
import time
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx

from clients import writeback_pollers

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "rehearsal" / "date_clock.py"
PAUSE_S = 0.05


def date_clock(http: httpx.Client) -> Any:
    """The clock of the page."""
    spec = spec_from_file_location("date_clock", EXAMPLES)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DateClock(http)


def own_clock() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    env = os.environ
    basic = (env["SANDBOX_BASIC_USERNAME"], env["SANDBOX_BASIC_PASSWORD"])
    with httpx.Client(base_url=env["SANDBOX_URL"], auth=basic, trust_env=True) as http:
        clock = date_clock(http)
        http.get(f"/dialoghealth-simplepay-api/messages/{env['SANDBOX_CONSOLE']}/none")
        poller = getattr(writeback_pollers, sys.argv[1])(
            http, env["SANDBOX_CONSOLE"], own_clock if "BY_WALL" in env else clock.now
        )
        while True:
            poller.poll()
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
