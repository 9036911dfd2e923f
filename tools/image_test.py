"""Builds the container image and runs it as an engine would, with nothing but Debian's buildah: no daemon.

Everything happens in a temporary folder that is removed at the end. Where the public base image cannot be
pulled, a base of the same name is made with debootstrap, from the mirror that this machine's own apt uses.
What the build needs to reach the package registry (certificates, an index of one's own) is mounted while it
builds, and must not be in the image.
"""

from __future__ import annotations

import base64
import configparser
import contextlib
import datetime
import filecmp
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
IMAGE = "localhost/dialog-sandbox:test"
UID = 10001
ANYBODY = 1_000_730_000
"""A user that no image knows, as OpenShift gives one to each namespace."""
# In MB: what the image may weigh, and what the sandbox may add to its base.
MOST_IN_ALL, MOST_OURS = 400, 160
STARTED = time.monotonic()


class Failed(Exception):
    """A check that did not hold, or a machine that cannot run the test."""


checks = 0


def check(what: str, holds: bool, found: object = "") -> None:
    global checks
    if not holds:
        raise Failed(f"{what}: no{f' (found: {found})' if found != '' else ''}")
    checks += 1
    print(f"   ok  {what}", flush=True)


def step(what: str) -> None:
    print(f"== {what} (after {time.monotonic() - STARTED:.0f} s)", flush=True)


def run(*command: str | Path, timeout: float = 600) -> str:
    """The command's standard output. When it fails, its last words."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)
    if done.returncode != 0:
        last_words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-25:])
        raise Failed(f"`{' '.join(map(str, command[:6]))} ...` ended with {done.returncode}:\n{last_words}")
    return done.stdout.strip()


class Buildah:
    """Buildah on a storage of its own, so that nothing of this machine's images is seen or changed."""

    def __init__(self, folder: Path) -> None:
        # Its scratch space too: else what is left when it is killed stays in the machine's own.
        os.environ["TMPDIR"] = str(folder)
        storage = ["--root", str(folder / "storage"), "--runroot", str(folder / "run")]
        self.command = ["buildah", *storage, "--storage-driver", "vfs"]
        self.trees: dict[str, Path] = {}

    def __call__(self, *arguments: str | Path, timeout: float = 600) -> str:
        return run(*self.command, *arguments, timeout=timeout)

    def tree(self, image: str) -> Path:
        """The image's files, as a folder to look at."""
        if image not in self.trees:
            self.trees[image] = Path(self("mount", self("from", "--pull-never", image)))
        return self.trees[image]


# The base


def base_name() -> str:
    """The base's name, as the Dockerfile gives it."""
    found = re.search(r"^ARG PYTHON_IMAGE=(\S+)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise Failed("the Dockerfile names no PYTHON_IMAGE")
    return found[1]


def debian_mirror() -> str:
    wanted = ("Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main")
    mirrors = run("apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted).splitlines()
    if not mirrors:
        raise Failed("apt names no Debian mirror to make a base from (is `apt-get update` due?)")
    return mirrors[0]


def provide_base(buildah: Buildah, name: str, folder: Path) -> None:
    step(f"base image {name}")
    try:
        buildah("pull", name, timeout=180)
        print("   pulled")
        return
    except (Failed, subprocess.TimeoutExpired) as why:
        print(f"   cannot be pulled here: {str(why).splitlines()[-1]}")
        print("   making one of the same name with debootstrap", flush=True)
    release = name.rpartition("-")[2]
    rootfs = folder / "base"
    options = ("--variant=minbase", "--include=python3,python3-venv")
    run("debootstrap", *options, release, rootfs, debian_mirror())
    for rubbish in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(rootfs / rubbish)
    container = buildah("from", "scratch")
    run("cp", "-a", f"{rootfs}/.", buildah("mount", container))
    buildah("config", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah("commit", "--quiet", "--rm", "--format", "docker", container, name)
    shutil.rmtree(rootfs)


# The build


def pip_settings() -> dict[str, str]:
    """What this machine's pip is told about reaching its registry. Its folders mean nothing in a build."""
    system = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf")]
    user = [Path.home() / ".pip/pip.conf", Path.home() / ".config/pip/pip.conf"]
    named = [Path(os.environ.get("PIP_CONFIG_FILE", os.devnull))]
    config = configparser.RawConfigParser()
    config.read(system + user + named)
    found: dict[str, str] = {}
    for key in ("index-url", "extra-index-url", "trusted-host", "proxy", "cert", "timeout"):
        variable = f"PIP_{key.upper().replace('-', '_')}"
        told = str(os.environ.get(variable) or config.get("global", key, fallback=""))
        if value := " ".join(part for part in told.split() if not part.startswith("file:")):
            found[key] = value
    return found


def build(buildah: Buildah, folder: Path) -> None:
    step("build")
    settings = pip_settings()
    mounts: list[str] = []
    bundles = (settings.get("cert"), os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt")
    if bundle := next((path for path in bundles if path and Path(path).is_file()), None):
        settings["cert"] = "/run/build-certificates.pem"
        mounts += ["--volume", f"{Path(bundle).resolve()}:{settings['cert']}:ro"]
    if settings:
        conf = folder / "pip.conf"
        conf.write_text("[global]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items()))
        mounts += ["--volume", f"{conf}:/etc/pip.conf:ro"]
    # Docker's format, because OCI's has no place for HEALTHCHECK.
    how = ("--format", "docker", "--isolation", "chroot", "--network", "host", "--pull-never", *mounts)
    buildah("build", "--quiet", *how, "--tag", IMAGE, CHECKOUT, timeout=900)


# The image as it lies there


def megabytes(tree: Path) -> float:
    """What the files of a tree weigh, hard links counted once."""
    return int(run("du", "--summarize", "--apparent-size", "--block-size=1", tree).split()[0]) / 1e6


def files(tree: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(tree):
        for name in folders + names:
            path = Path(folder, name)
            yield f"/{path.relative_to(tree)}", path


def look_at(buildah: Buildah, base: str) -> dict[str, Any]:
    step("the image as it lies there")
    config: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", IMAGE))["Docker"]["config"]
    check("it runs as a fixed user that is not root", config["User"] == f"{UID}:{UID}", config["User"])
    data = (buildah.tree(IMAGE) / "data").stat()
    owned = (data.st_uid, data.st_gid, data.st_mode & 0o7777)
    check("its data folder is its user's and group 0's, and nobody else's", owned == (UID, 0, 0o770), owned)
    check("its data is under a volume", list(config["Volumes"]) == ["/data"], config["Volumes"])
    check("it is stopped by SIGTERM", config["StopSignal"] == "SIGTERM", config.get("StopSignal"))
    health = config.get("Healthcheck", {}).get("Test", [])
    check("its health check needs no shell", health[:1] == ["CMD"] and len(health) > 1, health)
    settings = {entry.partition("=")[0] for entry in config["Env"]}
    leaked = sorted(name for name in settings if re.search("PIP|CERT|SSL|PROXY", name, re.IGNORECASE))
    check("no setting of the build is left in it", not leaked, leaked)

    tree, base_tree = buildah.tree(IMAGE), buildah.tree(base)
    of_base = {name for name, _ in files(base_tree)}
    mine = ("/opt/dialog-sandbox", "/data")
    added = [name for name, _ in files(tree) if name not in of_base]
    strangers = [name for name in added if not any(name == own or name.startswith(own + "/") for own in mine)]
    check("it adds the sandbox and its data folder, and no file else", not strangers, strangers[:10])
    bases = {name for name, path in files(base_tree) if path.is_file() and not path.is_symlink()}
    changed = [name for name in bases if not filecmp.cmp(f"{tree}{name}", f"{base_tree}{name}")]
    users = {"/etc/passwd", "/etc/group"}
    check("it changes nothing in its base but adding a user", set(changed) == users, changed[:10])
    compiler = re.compile(r"(.*-)?(cc|gcc|g\+\+|c\+\+|clang|ld|as|make)(-[\d.]+)?")
    commands = [name for name, path in files(tree) if path.parent.name in ("bin", "sbin")]
    compilers = [name for name in commands if compiler.fullmatch(Path(name).name)]
    check("there is no compiler in it", not compilers, compilers)
    ours = [name for name in commands if name in added]
    check("no pip came with the sandbox", not any("pip" in name for name in ours), ours)
    packages = {path.name for path in (tree / "opt/dialog-sandbox").glob("lib/python3*/site-packages/*")}
    missing = sorted({"psycopg", "psycopg_binary", "alembic", "mcp"} - packages)
    check("PostgreSQL's driver is in it, what migrates a database, and what answers agents", not missing, missing)
    whole, share = megabytes(tree), megabytes(tree / "opt/dialog-sandbox")
    check(f"it weighs {whole:.0f} MB (at most {MOST_IN_ALL})", whole <= MOST_IN_ALL)
    check(f"{share:.0f} MB of it are ours, packages and all (at most {MOST_OURS})", share <= MOST_OURS)
    return config


# The image as it runs


class Container:
    """One container, run with the image's own entry point, command, environment, user and health check."""

    def __init__(
        self,
        buildah: Buildah,
        config: dict[str, Any],
        volume: Path,
        log: Path,
        *options: str,
        **env: str,
    ) -> None:
        """`options`: of `buildah run`, for what an engine does otherwise."""
        self.buildah, self.config, self.log = buildah, config, log
        self.id = buildah("from", "--pull-never", IMAGE)
        # A volume given by the user takes the place of the image's own. Buildah would prefer its own.
        buildah("config", "--volume", "/data-", self.id)
        how = ["--isolation", "chroot", "--network", "host", "--volume", f"{volume}:/data"]
        how += [f"--env={name}={value}" for name, value in env.items()] + [*options]
        self.run = [*buildah.command, "run", *how, self.id, "--"]
        self.port = int(env.get("SANDBOX_PORT", 8080))
        self.began = time.monotonic()
        with log.open("wb") as output:
            self.buildah_run = subprocess.Popen(
                [*self.run, *config["Entrypoint"], *config["Cmd"]],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def healthy(self) -> bool:
        """One run of the health check, as an engine makes it: inside, and judged by its exit code."""
        command = [*self.run, *self.config["Healthcheck"]["Test"][1:]]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        return done.returncode == 0

    def wait_until_healthy(self) -> float:
        while not self.healthy():
            if self.buildah_run.poll() is not None:
                raise Failed(f"the container ended by itself:\n{self.output()}")
            if time.monotonic() - self.began > 60:
                raise Failed(f"the container did not become healthy in a minute:\n{self.output()}")
            time.sleep(0.2)
        return time.monotonic() - self.began

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def processes(self) -> list[int]:
        """What runs in the container: the descendants of `buildah run` that are not buildah itself."""
        parents: dict[int, int] = {}
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = re.findall(r"^PPid:\s+(\d+)", (folder / "status").read_text(), re.MULTILINE)
                parents[int(folder.name)] = int(parent[0])
        family = {self.buildah_run.pid}
        while grown := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= grown
        inside = []
        for pid in sorted(family):
            with contextlib.suppress(OSError):
                if "buildah" not in Path(os.readlink(f"/proc/{pid}/exe")).name:
                    inside.append(pid)
        return inside

    def stop(self) -> float:
        """Stops it as an engine would: the image's stop signal to its first process. The seconds it took."""
        began = time.monotonic()
        for pid in self.processes()[:1]:
            os.kill(pid, getattr(signal, self.config["StopSignal"]))
        self.buildah_run.wait(timeout=30)
        return time.monotonic() - began

    def end(self) -> None:
        """Leaves nothing running, whatever state it is in."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.buildah_run.wait(timeout=10)
        self.buildah_run.kill()
        self.buildah_run.wait()

    def call(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


BASIC = {"Authorization": "Basic " + base64.b64encode(b"demo:demo").decode()}


def submit(container: Container) -> str:
    """A text through SimplePay; its sid."""
    form = urllib.parse.urlencode({"From": "16155550110", "To": "14155550123", "Body": "hi"})
    headers = BASIC | {"Content-Type": "application/x-www-form-urlencoded"}
    status, answer = container.call("POST", "/dialoghealth-simplepay-api/submit/HARBOR1001", form, **headers)
    check("SimplePay takes a text", status == 200 and bool(json.loads(answer)["sid"]), (status, answer))
    return str(json.loads(answer)["sid"])


def call_each_vendor(container: Container) -> str:
    now = datetime.datetime.now(datetime.UTC)
    start, end = (
        urllib.parse.quote(time.strftime("%Y-%m-%d %H:%M:%S"))
        for time in (now - datetime.timedelta(days=2), now - datetime.timedelta(minutes=1))
    )
    status, answer = container.call(
        "GET", f"/dialoghealth-writeback-api/api/responses/HARBOR1001/{start}/{end}", **BASIC
    )
    seen = (status, answer[:300])
    check("Writeback answers its records", status == 200 and len(json.loads(answer)["response"]) > 0, seen)
    sid = submit(container)
    keys = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
    dates = {"start_date": f"{now - datetime.timedelta(days=7):%Y%m%d}", "end_date": f"{now:%Y%m%d}"}
    query = urllib.parse.urlencode({"action": "sms.get_messages"} | keys | dates)
    status, answer = container.call("GET", f"/ibp_api.php?{query}")
    check("DialogTech answers its XML", status == 200 and "success" in answer, (status, answer[:300]))
    return sid


def knows(container: Container, sid: str) -> bool:
    status, answer = container.call("GET", f"/dialoghealth-simplepay-api/messages/HARBOR1001/{sid}", **BASIC)
    return status == 200 and json.loads(answer)["extMessageReference"] == sid


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def new_volume(buildah: Buildah, path: Path) -> Path:
    """A new volume has the owner, the group and the rights of the image's folder, as with every engine."""
    path.mkdir()
    copied = (buildah.tree(IMAGE) / "data").stat()
    os.chown(path, copied.st_uid, copied.st_gid)
    path.chmod(copied.st_mode & 0o7777)
    return path


WRITABLE = """
import os
found = []
for place, folders, files in os.walk("/", onerror=None):
    folders[:] = [each for each in folders if place != "/" or each not in ("proc", "sys", "dev")]
    found += [place] * os.access(place, os.W_OK)
    found += [path for each in files if os.access(path := os.path.join(place, each), os.W_OK)]
print(*found, sep="\\n")
"""


def try_as_anybody(start: Callable[..., Container], buildah: Buildah, folder: Path) -> None:
    step(f"a container whose user is {ANYBODY}, of group 0, with nothing to write to but its volume")
    # Buildah makes no root read-only; a user to whom only the volume is writable cannot tell the difference.
    nothing = folder / "nothing"
    nothing.mkdir()
    places = [f"--volume={nothing}:{place}:ro" for place in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")]
    volume = new_volume(buildah, folder / "anybodys")
    third = start("third", f"--user={ANYBODY}:0", *places, volume=volume)
    check(f"its health check succeeds, after {third.wait_until_healthy():.1f} s", True)
    python = "/opt/dialog-sandbox/bin/python3"
    found = run(*third.run, python, "-c", WRITABLE).splitlines()
    ours = [path for path in found if path != "/data" and not path.startswith("/data/")]
    check("its user may write to its volume and to nothing else", "/data" in found and not ours, ours[:10])
    uids = {Path(f"/proc/{pid}").stat().st_uid for pid in third.processes()}
    check(f"it runs as user {ANYBODY}", uids == {ANYBODY}, uids)
    sid = submit(third)
    third.stop()
    check("it stops cleanly", third.buildah_run.returncode == 0, third.output())
    again = start("again", f"--user={ANYBODY}:0", *places, volume=volume)
    again.wait_until_healthy()
    check("it knows the text that was sent before the restart", knows(again, sid))
    again.stop()


def try_as_a_stranger(start: Callable[..., Container], folder: Path) -> None:
    step("a container whose user and group no image knows, with a volume of its own")
    own = folder / "strangers"
    own.mkdir(mode=0o700)
    os.chown(own, ANYBODY, ANYBODY)
    fourth = start("fourth", f"--user={ANYBODY}:{ANYBODY}", volume=own)
    said = run(*fourth.run, "dialog-sandbox", "readyz", "--wait", "60")
    check("`readyz --wait` in it ends when it is ready", said == "ready", said)
    submit(fourth)
    fourth.stop()
    check("it stops cleanly", fourth.buildah_run.returncode == 0, fourth.output())


def try_out(buildah: Buildah, config: dict[str, Any], folder: Path) -> None:
    volume = new_volume(buildah, folder / "volume")

    with contextlib.ExitStack() as containers:

        def start(name: str, *options: str, volume: Path = volume, **env: str) -> Container:
            port = int(env.get("SANDBOX_PORT", 8080))
            # The containers share the machine's network.
            if not port_is_free(port):
                raise Failed(f"port {port} is in use on this machine: stop what uses it, then try again")
            container = Container(buildah, config, volume, folder / f"{name}.log", *options, **env)
            containers.callback(container.end)
            return container

        step("a container with its defaults")
        first = start("first")
        check(f"its health check succeeds, after {first.wait_until_healthy():.1f} s", True)
        ready = "dialog-sandbox ready on http://0.0.0.0:8080\n"
        # On a busy machine lines about the seed may come first.
        check("it says where it serves", ready in first.output(), first.output())
        sid = call_each_vendor(first)
        uids = {Path(f"/proc/{pid}").stat().st_uid for pid in first.processes()}
        check(f"it runs as user {UID}", uids == {UID}, uids)
        database = volume / "sandbox.db"
        check("its database is on the volume", database.is_file() and database.stat().st_uid == UID)
        status, answer = first.call("GET", "/_sandbox/version")
        check("its control API wants a token", status == 401, (status, answer))
        seconds = first.stop()
        check(f"it stops cleanly, in {seconds:.1f} s", first.buildah_run.returncode == 0, first.output())
        check("its health check fails when nothing serves", not first.healthy())

        step("another container, on the same volume, on another port")
        second = start("second", SANDBOX_PORT="9191", SANDBOX_CONTROL_TOKEN="let-me-in")
        check(f"the same health check succeeds, after {second.wait_until_healthy():.1f} s", True)
        check("nothing serves on the default port", port_is_free(8080))
        check("it knows the text that was sent before the restart", knows(second, sid))
        submit(second)
        status, answer = second.call("GET", "/_sandbox/version", Authorization="Bearer let-me-in")
        check("its control API takes the token it was given", status == 200, (status, answer))
        second.stop()
        check("it stops cleanly", second.buildah_run.returncode == 0, second.output())

        step("a container of https, on the same volume")
        secure = start("secure", SANDBOX_TLS="1")
        check(f"the same health check succeeds, after {secure.wait_until_healthy():.1f} s", True)
        ready = "dialog-sandbox ready on https://0.0.0.0:8080\n"
        check("it says where it serves, and where its CA is", ready + "CA: /data/tls/ca.pem" in secure.output())
        keys = [(volume / "tls" / name).stat().st_mode & 0o777 for name in ("ca-key.pem", "server.pem")]
        check("its keys are for its user alone", keys == [0o600, 0o600], keys)
        secure.stop()
        check("it stops cleanly", secure.buildah_run.returncode == 0, secure.output())

        try_as_anybody(start, buildah, folder)
        try_as_a_stranger(start, folder)


def remove(folder: Path) -> None:
    """Removes the folder, unless something is still mounted in it: that would be removed with it."""
    mounted = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted((place for place in mounted if place.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", place], check=True)
    shutil.rmtree(folder)


def stop_orderly(_signal: int, _frame: FrameType | None) -> None:
    raise Failed("stopped")


def main() -> int:
    signal.signal(signal.SIGTERM, stop_orderly)
    signal.signal(signal.SIGINT, stop_orderly)
    try:
        if os.geteuid() != 0:
            raise Failed("building without a container engine needs root (with an engine: docker build .)")
        for tool in ("buildah", "debootstrap"):
            if shutil.which(tool) is None:
                raise Failed(f"{tool} is missing: install it (Debian: apt install {tool})")
        folder = Path(tempfile.mkdtemp(prefix="dialog-sandbox-image-"))
        try:
            # The user of the container walks through it to the volume.
            folder.chmod(0o711)
            buildah = Buildah(folder)
            base = base_name()
            provide_base(buildah, base, folder)
            build(buildah, folder)
            config = look_at(buildah, base)
            try_out(buildah, config, folder)
        finally:
            remove(folder)
    except (Failed, subprocess.SubprocessError) as why:
        print(f"image-test failed: {why}", file=sys.stderr)
        return 1
    print(f"image-test: all {checks} checks hold, {time.monotonic() - STARTED:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
