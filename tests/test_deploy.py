"""What deploy/ says holds: the processes of compose.yaml run behind its nginx, and the manifests are what they mean.

No container is started. PostgreSQL is Debian's, in the run with `--postgresql`; else the two servers share a file.
"""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import yaml
from commands import FAILSAFE_S, PLAIN, Server, Start
from databases import emptied
from documents import CHECKOUT
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from live import Stream
from manifests import (
    MANIFEST,
    Compose,
    ConfigMap,
    Deployment,
    Kustomization,
    PodDisruptionBudget,
    Service,
    interpolated,
)
from proxies import Nginx, StartNginx
from receiver import Receiver
from sqlalchemy import select

from sandbox.app import Sandbox, create_app
from sandbox.environment import ignored_variables
from sandbox.server.control.snapshots import LARGEST_FILE
from sandbox.server.patience import KEPT_OPEN_S
from sandbox.settings import Settings, read_settings
from sandbox.store import Query
from sandbox.store.postgresql import MAX_OVERFLOW, POOL_SIZE
from sandbox.store.tables import WORKSPACES

DEPLOY = CHECKOUT / "deploy"
COMPOSE = Compose.model_validate(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))
SERVERS = [name for name, service in COMPOSE.services.items() if service.image == "dialog-sandbox"]
NGINX = (DEPLOY / "nginx.conf").read_text()
MANIFESTS = {path.name: MANIFEST.validate_python(yaml.safe_load(path.read_text())) for path in DEPLOY.glob("*/*.yaml")}
CHOSEN = {
    "POSTGRES_PASSWORD": "its",
    "SANDBOX_CONTROL_TOKEN": "choose-one",
    "SANDBOX_CALLBACK_ALLOW": "127.0.0.1",
}
TOKEN = {"Authorization": "Bearer choose-one"}
PORT_IN_CONTAINER = 8080
LOG_FORMAT = "log_format servers $upstream_addr;"
LOG = "access_log {folder}/servers.txt servers;"
CALLS = 12
CALLERS = 4


def variables(server: str) -> dict[str, str]:
    return interpolated(COMPOSE.services[server].environment, CHOSEN)


# The processes of compose.yaml -----------------------------------------------------------------------------------


class Deployed:
    """Two servers on one database, and nginx before them. `http` calls nginx with the token."""

    def __init__(self, start: Callable[..., Server], start_nginx: StartNginx) -> None:
        self._start = start
        self.servers = {name: start(name) for name in SERVERS}
        configuration = LOG_FORMAT + NGINX.replace("server_tokens off;", LOG)
        for name, server in self.servers.items():
            configuration = configuration.replace(f"{name}:{PORT_IN_CONTAINER}", f"127.0.0.1:{server.port}")
        self.nginx: Nginx = start_nginx(servers=configuration)
        self.http = httpx.Client(base_url=self.nginx.origin, headers=TOKEN, timeout=FAILSAFE_S, trust_env=False)

    def kill(self, name: str) -> None:
        self.servers[name].process.kill()
        self.servers[name].process.wait()

    def replace(self, name: str) -> None:
        """As a rolling restart does: it ends in its own time, while the other one is called."""
        assert self.servers[name].stop()[::2] == (0, "")
        self.start_again(name)

    def start_again(self, name: str) -> None:
        """Where it was."""
        self.servers[name] = self._start(name, "--port", str(self.servers[name].port))

    def submit(self, text: str, **fields: str) -> str:
        """The sid of a text that is accepted."""
        form = {"From": LINE, "To": PHONE, "Body": text, **fields}
        answer = self.http.post(f"{SIMPLEPAY}/submit/{CONSOLE}", data=form, auth=DEMO)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["sid"])

    def details(self, sid: str) -> httpx.Response:
        return self.http.get(f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, DEFAULT + path, **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def deployed(
    start: Start, start_nginx: StartNginx, database_for: Callable[[str | None], str | None], tmp_path: Path
) -> Iterator[Deployed]:
    database = str(database_for(str(tmp_path / "kept.db")))

    def start_one(name: str, *flags: str) -> Server:
        return start("--database", database, *flags, **variables(name))

    one = Deployed(start_one, start_nginx)
    yield one
    one.http.close()


def test_a_text_its_details_its_events_and_its_callback_come_through_both_servers(
    deployed: Deployed, tmp_path: Path
) -> None:
    with Receiver() as receiver, Stream(deployed.nginx.origin + DEFAULT, "/events", TOKEN) as stream:
        sids = [deployed.submit(f"Text {n}", StatusCallback=receiver.url) for n in range(CALLS)]
        answers = [deployed.details(sid) for sid in sids * 2]
        told = list(islice((event.data["text"] for event in stream if event.kind == "message"), CALLS))
        receiver.wait_for(2 * CALLS)
    texts = [f"Text {n}" for n in range(CALLS)]
    assert [answer.json()["body"] for answer in answers] == texts * 2
    assert told == texts
    assert {(got.form["MessageSid"], got.form["MessageStatus"]) for got in receiver.got} == {
        (sid, status) for sid in sids for status in ("sent", "delivered")
    }
    (log,) = tmp_path.glob("nginx*/servers.txt")
    assert {*log.read_text().split()} == {f"127.0.0.1:{server.port}" for server in deployed.servers.values()}


def test_servers_that_start_at_once_on_an_empty_database_make_one_world(
    database_for: Callable[[str | None], str | None], tmp_path: Path
) -> None:
    database = emptied(str(database_for(str(tmp_path / "kept.db"))))

    def start_one(_: str) -> Sandbox:
        return create_app(Settings(database=database, fixture=PLAIN))

    with ThreadPoolExecutor(len(SERVERS)) as threads:
        apps = list(threads.map(start_one, SERVERS))
    names = Query(str, select(WORKSPACES.c.name).where(WORKSPACES.c.name.is_not(None)))
    assert [app.store.read_now(lambda tx: tx.all(names)) for app in apps] == [["default"]] * len(SERVERS)
    for app in apps:
        app.close()


def test_calls_go_on_whichever_server_is_killed(deployed: Deployed) -> None:
    sids = []
    for name in SERVERS:
        deployed.kill(name)
        sids += [deployed.submit("Come.") for _ in range(CALLS)]
        assert [deployed.details(sid).status_code for sid in sids] == [200] * len(sids)
        deployed.start_again(name)
    assert len(deployed.control("GET", "/messages?limit=200")["items"]) == len(sids) == 2 * CALLS
    for name in SERVERS:
        deployed.kill(name)
    assert deployed.details(sids[0]).status_code == 502


def test_servers_are_replaced_one_by_one_without_a_failed_call(deployed: Deployed) -> None:
    """nginx asks nobody whether they are ready, and sends calls until it is refused a connection."""
    is_done = Event()

    def call(caller: int) -> list[int]:
        statuses = []
        form = {"From": LINE, "To": PHONE, "Body": f"Text of {caller}"}
        with httpx.Client(base_url=deployed.nginx.origin, auth=DEMO, timeout=FAILSAFE_S, trust_env=False) as http:
            while not is_done.is_set():
                statuses.append(http.post(f"{SIMPLEPAY}/submit/{CONSOLE}", data=form).status_code)
        return statuses

    with ThreadPoolExecutor(CALLERS) as threads:
        calls = [threads.submit(call, caller) for caller in range(CALLERS)]
        try:
            for name in SERVERS:
                deployed.replace(name)
        finally:
            is_done.set()
        statuses = [each.result() for each in calls]
    assert [{*of_one} for of_one in statuses] == [{200}] * CALLERS


def test_a_call_that_a_fault_breaks_off_is_not_made_twice(deployed: Deployed) -> None:
    sid = deployed.submit("Come.")
    match = {"operation": "simplepay.messages"}
    for effect in ("reset", "close"):
        deployed.control("POST", "/faults", {"match": match, "effect": {effect: True}, "times": 1})
        assert [deployed.details(sid).status_code for _ in range(CALLS)] == [502] + [200] * (CALLS - 1)


def test_what_is_called_arrives_as_it_was_sent(deployed: Deployed) -> None:
    deployed.kill(SERVERS[0])  # so that the journal that is read is that of the server which was called
    assert deployed.control("PUT", "/sinks/mine")["url"].startswith(f"{deployed.nginx.origin}/_sandbox/sinks/")
    path = f"{SIMPLEPAY}/messages/{CONSOLE}/a%2Fb%20c//d"
    deployed.http.get(path, auth=DEMO)
    (entry,) = deployed.control("GET", "/journal?limit=1&order=newest")["items"]
    assert entry["path"] == path
    too_large = deployed.http.post(f"{SIMPLEPAY}/submit/{CONSOLE}", content=b"Body=" + b"x" * 2_000_000, auth=DEMO)
    assert too_large.json()["sid"] is None  # the server's own refusal, none of nginx's


# What the files say ----------------------------------------------------------------------------------------------


def test_nginx_names_the_servers_of_compose_and_waits_less_than_they() -> None:
    assert re.findall(r"^\s*server (\S+):8080 max_fails=0;$", NGINX, re.MULTILINE) == SERVERS
    (kept_open,) = re.findall(r"^\s*keepalive_timeout (\d+)s;", NGINX, re.MULTILINE)
    assert int(kept_open) < KEPT_OPEN_S
    (largest,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(largest) * 1024 * 1024 > LARGEST_FILE


@pytest.mark.parametrize("server", SERVERS)
def test_the_settings_of_a_server_are_understood(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = variables(server)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.database == "postgresql://sandbox:its@postgres/sandbox"
    assert (settings.trusted_proxies, settings.hosts, settings.control_token) == (("*",), (), "choose-one")
    assert ignored_variables(Settings.model_fields, given) == []


def test_compose_keeps_the_servers_to_itself_and_gives_them_no_right() -> None:
    for name in SERVERS:
        service = COMPOSE.services[name]
        assert (service.ports, service.read_only, service.cap_drop) == ([], True, ["ALL"])
        assert (DEPLOY / str(service.build) / "Dockerfile").is_file()
        assert list(service.depends_on) == ["postgres"]
    nginx, postgres = COMPOSE.services["nginx"], COMPOSE.services["postgres"]
    assert list(nginx.depends_on) == SERVERS
    assert nginx.volumes == ["./nginx.conf:/etc/nginx/conf.d/default.conf:ro"]
    assert [volume.partition(":")[0] for volume in postgres.volumes] == list(COMPOSE.volumes)
    assert postgres.healthcheck is not None
    (most,) = (int(word.partition("=")[2]) for word in postgres.command if word.startswith("max_connections="))
    assert most > (POOL_SIZE + MAX_OVERFLOW) * (len(SERVERS) + 1)  # a further one while they are replaced


def only(kind: type[Any]) -> Any:
    (found,) = (manifest for manifest in MANIFESTS.values() if isinstance(manifest, kind))
    return found


def test_the_manifests_are_all_applied_and_belong_together() -> None:
    deployment, service, budget, config = map(only, (Deployment, Service, PodDisruptionBudget, ConfigMap))
    kustomization = only(Kustomization)
    assert sorted([*kustomization.resources, "kustomization.yaml"]) == sorted(MANIFESTS)
    labels = deployment.spec.template.metadata.labels
    assert labels == deployment.spec.selector.match_labels == service.spec.selector == budget.spec.selector.match_labels
    pod = deployment.spec.template.spec
    assert labels == pod.topology_spread_constraints[0].label_selector.match_labels
    (container,) = pod.containers
    assert [image.name for image in kustomization.images] == [container.image]
    assert [source.config_map_ref.name for source in container.env_from] == [config.metadata.name]
    assert [port.name for port in container.ports] == [port.target_port for port in service.spec.ports] == ["http"]
    assert container.ports[0].container_port == Settings.model_fields["port"].default
    assert [mount.name for mount in container.volume_mounts] == [volume.name for volume in pod.volumes]
    # Open answers have as long again.
    assert 2 * int(config.data["SANDBOX_STOP_GRACE"]) < pod.termination_grace_period_seconds - 10


def test_the_settings_of_the_manifests_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    (container,) = only(Deployment).spec.template.spec.containers
    given = only(ConfigMap).data | {each.name: "postgresql://postgres/sandbox" for each in container.env}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert len(read_settings().model_fields_set) == len(given)
    assert ignored_variables(Settings.model_fields, given) == []


def test_a_kubelet_may_probe_it(open_driver: Callable[..., Driver]) -> None:
    """It calls an address and has no token."""
    sandbox = open_driver(control_token="choose-one")
    (container,) = only(Deployment).spec.template.spec.containers
    for probe in (container.startup_probe, container.readiness_probe, container.liveness_probe):
        assert probe.http_get.port == "http"
        path = probe.http_get.path
        assert sandbox.call("GET", path, headers={"host": "10.1.2.3:8080"}).status_code == 200
        assert sandbox.call("GET", DEFAULT, headers={"host": "10.1.2.3:8080"}).status_code == 401
