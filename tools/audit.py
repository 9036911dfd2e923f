"""Are vulnerabilities known of what the lock files name? `make audit` says so, by pip-audit and the OSV database.

Those of `requirements/accepted-vulnerabilities.toml` are passed over until their day. Where the database cannot be
reached it says that nothing was judged, and does not fail: a machine without a network can check all else.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILES = ("requirements/dev.lock", "requirements/image.lock")
ACCEPTED = Path("requirements", "accepted-vulnerabilities.toml")
COMMAND = (sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--vulnerability-service", "osv")
OPTIONS = ("--progress-spinner", "off", "--format", "json")
UNREACHED = ("ConnectionError", "ServiceError", "Timeout")
"""How pip-audit ends when it could not ask."""


class Unreachable(Exception):
    """The database of vulnerabilities could not be asked."""


@dataclass(frozen=True)
class Vulnerability:
    """One that is known of a package. `names`: its id and its aliases. `mended_in`: versions without it."""

    package: str
    version: str
    names: frozenset[str]
    mended_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.mended_in)}" if self.mended_in else "not mended in any version yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.names))}, {mended}"


@dataclass(frozen=True)
class Accepted:
    """One that may stay until a day. `why`: what makes it harmless here."""

    id: str
    until: date
    why: str


def accepted_in(path: Path) -> list[Accepted]:
    """Read the list; each has an `id`, a last day `until`, and a reason `why`."""
    read = tomllib.loads(path.read_text()).get("vulnerability", [])
    return [Accepted(**each) for each in read]


def reported(lock_file: Path) -> Any:
    """Return what pip-audit says of a lock file, as it writes it in JSON; raise `Unreachable`."""
    done = subprocess.run([*COMMAND, *OPTIONS, "-r", str(lock_file)], capture_output=True, text=True, check=False)
    if done.stdout.startswith("{"):
        return json.loads(done.stdout)
    said = done.stderr.strip().splitlines()
    if said and any(word in said[-1] for word in UNREACHED):
        raise Unreachable(said[-1].partition(":")[0])
    raise SystemExit(f"audit: pip-audit failed: {done.stderr[-1000:]}")


def vulnerabilities(report: Mapping[str, Any]) -> list[Vulnerability]:
    """Return those of a report of pip-audit's."""
    return [
        Vulnerability(
            package["name"], package["version"], frozenset({one["id"], *one["aliases"]}), tuple(one["fix_versions"])
        )
        for package in report["dependencies"]
        for one in package.get("vulns", ())
    ]


def complaints(found: Sequence[Vulnerability], accepted: Sequence[Accepted], today: date) -> list[str]:
    """Return what is wrong: vulnerabilities that are not accepted, or no longer, and acceptances of nothing."""
    told = []
    for each in found:
        ours = [one for one in accepted if one.id in each.names]
        if not any(today <= one.until for one in ours):
            since = "".join(f"; it was accepted until {one.until}" for one in ours)
            told.append(f"{each}{since}")
    known = {name for each in found for name in each.names}
    told += [f"{ACCEPTED}: {one.id} is not found any more: take it out" for one in accepted if one.id not in known]
    return told


def main() -> None:
    """The command; ends with 1 if something is wrong."""
    try:
        reports = [reported(ROOT / each) for each in LOCK_FILES]
    except Unreachable as error:
        print(f"audit: nothing was judged: the vulnerability database cannot be reached ({error}).")
        return
    found = {each for report in reports for each in vulnerabilities(report)}
    judged = {package["name"] for report in reports for package in report["dependencies"]}
    wrong = complaints(sorted(found, key=str), accepted_in(ROOT / ACCEPTED), datetime.now(UTC).date())
    print(*wrong, f"audit: {len(judged)} packages, {len(found)} known vulnerabilities.", sep="\n")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
