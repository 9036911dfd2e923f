"""Drives a sandbox in this process as a client would, with a wall clock that stands still until it is told."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import httpx

from sandbox import create_app
from sandbox.app import Sandbox
from sandbox.clock import DAY, NS_IN_MS, SECOND, SteadyClock
from sandbox.settings import Settings
from sandbox.store import Tx
from sandbox.vendors import DIALOGTECH as DIALOGTECH_VENDOR
from sandbox.world import fixtures
from sandbox.world.seed import seed_workspace
from sandbox.world.workspaces import find

START = 1_778_058_000_000
"""2026-05-06T09:00:00Z in ms, when every test begins."""
DEMO = ("demo", "demo")
KEYS = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
CONSOLE = "HARBOR1001"
LINE = "16155550110"
TRACKING_NUMBER = "6155550100"
PHONE = "16295550101"
"""Ada Quill's in the plain world."""
STRANGER = "14155550123"
"""Nobody's in the plain world."""
WRITEBACK = "/dialoghealth-writeback-api/api/responses"
SIMPLEPAY = "/dialoghealth-simplepay-api"
DIALOGTECH = "/ibp_api.php"
ACTION_NAMES = " or ".join(action.name for action in DIALOGTECH_VENDOR.actions)
"""As DialogTech's sentences list them."""
DEFAULT = "/_sandbox/workspaces/default"


class Wall:
    """A wall clock in ms that moves when it is told. `passed`: nanoseconds of time, which no step of it changes."""

    def __init__(self, at: int = START) -> None:
        self.at = at
        self.passed = 0

    def __call__(self) -> int:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)
        self.passed += round(seconds * SECOND) * NS_IN_MS

    def step(self, seconds: float) -> None:
        """Move it while no time passes, as NTP does."""
        self.at += round(seconds * SECOND)


class Driver:
    """A sandbox, its wall clock, and calls to it. Close it in the end.

    `runner`: of another one, whose loop this one runs on too; that one is closed later.
    """

    def __init__(self, settings: Settings, wall: Wall | None = None, runner: asyncio.Runner | None = None) -> None:
        self.wall = wall or Wall()
        self.settings = settings
        self.runner = runner or asyncio.Runner()
        self._owns_runner = runner is None
        self._open()

    def _open(self) -> None:
        self.app: Sandbox = create_app(self.settings, SteadyClock(self.wall, lambda: self.wall.passed))
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")

    def restart(self) -> None:
        """As when the process is stopped and started again."""
        self.app.close()
        self.runner.run(self.client.aclose())
        self._open()

    def close(self) -> None:
        # First what is at work in the app, before its loop takes another turn and begins a connect that nobody awaits.
        self.app.close()
        self.runner.run(self.client.aclose())
        if self._owns_runner:
            self.runner.close()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Something else on the sandbox's own loop."""
        return self.runner.run(work)

    def call(
        self, method: str, path: str | bytes, *, auth: tuple[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """One request. A path in bytes goes out as it stands, with its query string."""
        url: str | httpx.URL = path if isinstance(path, str) else httpx.URL("http://127.0.0.1:8080", raw_path=path)
        return self.runner.run(self.client.request(method, url, auth=auth, **options))

    # The vendors -------------------------------------------------------------------------------------------------

    def writeback(
        self,
        start: str = "2026-05-06 00:00:00",
        end: str = "2026-05-06 23:59:59",
        *,
        console: str = CONSOLE,
        auth: tuple[str, str] | None = DEMO,
        method: str = "GET",
        **options: Any,
    ) -> httpx.Response:
        """A read of a time range; by default, of the day on which every test begins."""
        return self.call(method, f"{WRITEBACK}/{console}/{start}/{end}", auth=auth, **options)

    def records(self, start: str = "2026-05-06 00:00:00", end: str = "2026-05-06 23:59:59", **options: Any) -> Any:
        """The records of a read that is not refused."""
        answer = self.writeback(start, end, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["response"]

    def submit(
        self,
        to: str | None = PHONE,
        text: str | None = "Your results are in.",
        *,
        sender: str | None = LINE,
        callback: str | None = None,
        console: str = CONSOLE,
        auth: tuple[str, str] | None = DEMO,
    ) -> httpx.Response:
        """A submit by urlencoded form, as the reference's sample; what is None is left out."""
        form = {"To": to, "From": sender, "Body": text, "StatusCallback": callback}
        fields = {name: value for name, value in form.items() if value is not None}
        return self.call("POST", f"{SIMPLEPAY}/submit/{console}", auth=auth, data=fields)

    def sid(self, *args: Any, **options: Any) -> str:
        """The sid of a submit that is not refused."""
        answer = self.submit(*args, **options)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["sid"])

    def details(self, sid: str, *, console: str = CONSOLE, method: str = "GET") -> Any:
        return self.call(method, f"{SIMPLEPAY}/messages/{console}/{sid}", auth=DEMO).json()

    def optout(self, phone: str, *, console: str = CONSOLE) -> Any:
        return self.call("DELETE", f"{SIMPLEPAY}/optout/{console}/{phone}", auth=DEMO).json()

    def get_messages(self, start_date: str = "20260506", end_date: str = "20260506", **params: str) -> httpx.Response:
        """A read of a range of days; by default, of the day on which every test begins."""
        fields = {"action": "sms.get_messages", **KEYS, "start_date": start_date, "end_date": end_date, **params}
        return self.call("GET", DIALOGTECH, params=fields)

    # The control API ---------------------------------------------------------------------------------------------

    def control(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """A call under the default workspace; `status` is what it must answer, a success if None."""
        answer = self.call(method, DEFAULT + path, **({} if body is None else {"json": body}))
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json() if answer.content else None

    def reply(self, message: str, text: str, **fields: Any) -> Any:
        """The phone answers a message: `{"inbound": ..., "answer": ...}`."""
        return self.control("POST", f"/messages/{message}/reply", {"text": text, **fields})

    def inbound(self, text: str, *, phone: str = PHONE, line: str = LINE, **fields: Any) -> Any:
        """A phone texts a line out of the blue."""
        return self.control("POST", "/inbound", {"from": phone, "to": line, "text": text, **fields})

    def status(self, message: str, status: str, **fields: Any) -> Any:
        """Staff or a test say what became of a message."""
        return self.control("POST", f"/messages/{message}/status", {"status": status, **fields})

    def delivery(self, mode: str, **fields: Any) -> Any:
        return self.control("PUT", "/delivery", {"mode": mode, **fields})

    def message(self, any_id: str) -> Any:
        """A message as the control API tells it, by any of its ids."""
        return self.control("GET", f"/messages/{any_id}")

    def send(self, text: str = "Come on Friday.", *, to: str = PHONE, **fields: Any) -> Any:
        """Staff send a message, by default from the first console."""
        origin = {} if "tracking_number" in fields else {"console": CONSOLE}
        return self.control("POST", "/messages", {**origin, "to": to, "text": text, **fields})

    def broadcast(self, text: str = "Come on Friday.", *, name: str = "Flu shots", **fields: Any) -> Any:
        """Staff text many, by default everyone from the first console."""
        asked = {"name": name, "text": text, "to": "everyone", "console": CONSOLE, **fields}
        return self.control("POST", "/broadcasts", asked)

    def console(self, code: str = CONSOLE, **changes: Any) -> Any:
        return self.control("PATCH", f"/consoles/{code}", changes)

    # Somebody else ------------------------------------------------------------------------------------------------

    def neighbour(self, fixture: str) -> tuple[tuple[str, str], dict[str, str]]:
        """Makes another workspace on the same server: its Basic credentials and its DialogTech keys."""

        def seed(tx: Tx) -> tuple[tuple[str, str], dict[str, str]]:
            seed_workspace(tx, fixtures.load(fixture), name="neighbour")
            row, account = find.row_of(tx), find.accounts(tx)[0]
            keys = {"access_key": str(account.access_key), "secret_access_key": str(account.secret_access_key)}
            return (str(row.username), str(row.password)), keys

        return self.app.store.write_now(seed)


def moment(days: float = 0, seconds: float = 0) -> int:
    """A time in ms, counted from the moment at which every test begins."""
    return START + round(days * DAY) + round(seconds * SECOND)
