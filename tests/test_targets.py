"""Where callbacks may go: the target policy, held against every way around it (rule SP-callback)."""

import asyncio
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpcore
import pytest
from commands import is_refused
from driver import Driver
from hypothesis import assume, given
from hypothesis import strategies as st
from receiver import Receiver

from sandbox.addresses import is_loopback
from sandbox.server.embedded_addresses import LOCAL_NAT64, OF_THIS_HOST, leads_to
from sandbox.server.http_client import MOST_BYTES, HttpClient, Unreached
from sandbox.server.lookups import resolve
from sandbox.server.targets import BadTarget, Forbidden, TargetPolicy
from sandbox.settings import Settings

pytestmark = pytest.mark.rule("SP-callback")

ON_LOOPBACK = TargetPolicy((), bound_to_loopback=True)
ELSEWHERE = TargetPolicy((), bound_to_loopback=False)


def allows(policy: TargetPolicy, address: str, host: str = "receiver.example") -> bool:
    try:
        policy.check(host, address)
    except Forbidden:
        return False
    return True


# The policy itself -----------------------------------------------------------------------------------------------

LOCAL = ["127.0.0.1", "127.8.9.10", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd12::1"]
MAPPED = ["::ffff:127.0.0.1", "::ffff:10.1.2.3", "::FFFF:C0A8:101"]
FAR = ["8.8.8.8", "172.15.255.255", "172.32.0.0", "100.64.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "fc00::1%eth0"]
SECRET = [
    "169.254.169.254",
    "169.254.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "::ffff:169.254.169.254",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:c1::a9fe:a9fe",
    "fd00:42::42",
    "100.100.100.200",
    "fd00:100::100:200",
    "192.0.0.192",
    "168.63.129.16",
    "fd00:a9fe:a9fe::1",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::23",
    "169.254.0.23",
    "169.254.42.42",
    "::ffff:100.100.100.200",
]
"""Where AWS (its containers and pods too), Google, Oracle, Scaleway, Alibaba, Azure, Akamai, Tencent keep theirs."""
NOWHERE = ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "224.0.0.1", "255.255.255.255", "ff02::1"]
CARRIED = [
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::7f00:1",
    "2002:a9fe:a9fe::",
    "2002:7f00:1::1",
    "::127.0.0.1",
    "::a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "::ffff:0:a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:a9fe:a9:fe00:808:808",
    "64:ff9b:1:a9:fe:a9fe::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "2001:0:a9fe:a9fe::",
    "2001:0:808:808:0:0:5601:5601",
    "2001:0:808:808::80ff:fffe",
    "fe80::5efe:a9fe:a9fe",
    "2001:db8::5efe:169.254.169.254",
    "2001:db8::200:5efe:127.0.0.1",
    "fd00::5efe:a9fe:a9fe",
    "::5efe:7f00:1",
]
"""IPv6 addresses that lead to 127.0.0.1 or 169.254.169.254."""


@pytest.mark.parametrize("address", [*LOCAL, *MAPPED])
def test_on_loopback_loopback_and_private_addresses_are_allowed(address: str) -> None:
    assert allows(ON_LOOPBACK, address)
    assert not allows(ELSEWHERE, address)


@pytest.mark.parametrize("address", [*FAR[:-1], *SECRET, *NOWHERE, *CARRIED])
def test_nothing_else_is_allowed_by_itself(address: str) -> None:
    assert not allows(ON_LOOPBACK, address)
    assert not allows(ELSEWHERE, address)


def test_a_scope_makes_no_difference() -> None:
    assert allows(ON_LOOPBACK, FAR[-1])


@pytest.mark.parametrize("address", [*LOCAL, *MAPPED, *FAR, *SECRET, *NOWHERE, *CARRIED])
def test_a_star_allows_everything(address: str) -> None:
    assert allows(TargetPolicy(("*",), bound_to_loopback=False), address)


@pytest.mark.parametrize("address", ["8.8.8.8", "10.1.2.3", "127.0.0.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_name_allows_what_it_stands_for(address: str) -> None:
    policy = TargetPolicy(("Receiver.Example.",), bound_to_loopback=False)
    assert allows(policy, address)
    assert allows(policy, address, "RECEIVER.example.")
    assert not allows(policy, address, "other.example")
    assert not allows(policy, address, "sub.receiver.example")


TO_SECRETS = [each for each in CARRIED if SECRET[0] in map(str, leads_to(each))]


@pytest.mark.parametrize("address", [*SECRET, *NOWHERE[:5], *TO_SECRETS])
def test_whoever_owns_a_name_cannot_point_it_at_secrets(address: str) -> None:
    assert not allows(TargetPolicy(("receiver.example",), bound_to_loopback=True), address)
    assert not allows(TargetPolicy(("0.0.0.0/0", "::/0"), bound_to_loopback=True), address)


V4 = st.ip_addresses(v=4).map(lambda address: int(address))
BITS = st.integers(0, 2**128 - 1)


def laid(pieces: dict[int, int], rest: int) -> IPv6Address:
    """An address with 32 bits at each of these places, counted from the last bit, and the rest whatever it is."""
    for shift, value in pieces.items():
        rest = rest & ~(0xFFFFFFFF << shift) | value << shift
    return IPv6Address(rest)


EMBEDDINGS: dict[str, Callable[[int, int], IPv6Address]] = {
    "NAT64": lambda v4, _: IPv6Address(int(IPv6Address("64:ff9b::")) | v4),
    "compatible": lambda v4, _: IPv6Address(v4),
    "translated": lambda v4, _: IPv6Address(0xFFFF << 48 | v4),
    "6to4": lambda v4, rest: IPv6Address(0x2002 << 112 | v4 << 80 | rest & (1 << 80) - 1),
    "Teredo, server": lambda v4, rest: laid({96: 0x20010000, 64: v4}, rest),
    "Teredo, client": lambda v4, rest: laid({96: 0x20010000, 0: v4 ^ 0xFFFFFFFF}, rest),
    "ISATAP": lambda v4, rest: laid({32: 0x5EFE, 0: v4}, rest),
    "ISATAP of a global address": lambda v4, rest: laid({32: 0x02005EFE, 0: v4}, rest),
    "local NAT64 /48": lambda v4, rest: local_nat64(v4, rest, 48),
    "local NAT64 /56": lambda v4, rest: local_nat64(v4, rest, 56),
    "local NAT64 /64": lambda v4, rest: local_nat64(v4, rest, 64),
    "local NAT64 /96": lambda v4, rest: local_nat64(v4, rest, 96),
}


def local_nat64(v4: int, rest: int, length: int) -> IPv6Address:
    """RFC 6052's table, written bit by bit: 64 to 71 are left out."""
    bits = [int(bit) for bit in f"{rest:0128b}"]
    bits[:48] = [int(bit) for bit in f"{int(IPv6Address('64:ff9b:1::')) >> 80:048b}"]
    places = [at for at in range(length, 128) if not 64 <= at < 72 or length == 96][:32]
    for at, bit in zip(places, f"{v4:032b}", strict=True):
        bits[at] = int(bit)
    return IPv6Address(int("".join(map(str, bits)), 2))


@pytest.mark.parametrize("embedding", EMBEDDINGS.values(), ids=EMBEDDINGS)
@given(v4=V4, rest=BITS)
def test_an_address_of_ipv4_is_judged_however_it_is_carried(
    embedding: Callable[[int, int], IPv6Address], v4: int, rest: int
) -> None:
    carried, address = IPv4Address(v4), embedding(v4, rest)
    told = leads_to(str(address))
    assume(address.ipv4_mapped is None and not (address.is_loopback or address.is_unspecified))
    assert told[0] == address
    assert carried in told or (carried in OF_THIS_HOST and address in LOCAL_NAT64)
    named = TargetPolicy(("receiver.example",), bound_to_loopback=False)
    if not allows(named, str(carried)):
        assert carried in OF_THIS_HOST or not allows(named, str(address))


@pytest.mark.parametrize(
    ("address", "carried"),
    [
        ("64:ff9b:1::808:808", ["8.8.8.8"]),
        ("64:ff9b:1:808:8:800::", ["8.8.8.8", "8.8.8.0", "8.8.0.0"]),
        ("2001:db8::1", []),
        ("2001:1::a9fe:a9fe", []),
        ("64:ff9b:2::a9fe:a9fe", []),
        ("::1", []),
        ("2002:808:808::1", ["8.8.8.8"]),
    ],
)
def test_what_is_carried_is_read_as_the_standards_have_it(address: str, carried: list[str]) -> None:
    assert leads_to(address) == [ip_address(address), *map(ip_address, carried)]


@pytest.mark.parametrize("host", ["127.evil.example", "127.0.0.999", "127.0.0.1.evil.example", "127.1", "0x7f.1"])
def test_a_name_that_only_looks_like_loopback_is_not(host: str) -> None:
    assert not is_loopback(host)
    assert not Settings(host=host).is_loopback


def test_addresses_and_networks_are_allowed_by_name() -> None:
    policy = TargetPolicy(
        ("203.0.113.0/24", "198.51.100.7", "[2001:db8::1]", "2001:db8:1::/48"), bound_to_loopback=False
    )
    assert [allows(policy, address) for address in ("203.0.113.9", "198.51.100.7", "2001:db8::1", "2001:db8:1::5")] == [
        True
    ] * 4
    assert [allows(policy, address) for address in ("203.0.114.1", "198.51.100.8", "2001:db8::2")] == [False] * 3
    for secret in ("169.254.169.254", "fd20:ce::254"):
        assert allows(TargetPolicy((secret,), bound_to_loopback=True), secret)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("::FFFF:A9FE:A9FE", "::ffff:169.254.169.254"),
        ("::ffff:169.254.169.254", "::ffff:169.254.169.254"),
        ("FE80:0::1%eth0", "fe80::1%eth0"),
        ("169.254.169.254", "169.254.169.254"),
    ],
)
def test_a_refusal_writes_an_address_the_same_on_every_python(address: str, text: str) -> None:
    with pytest.raises(Forbidden, match=f"^the target {text} is not allowed"):
        ON_LOOPBACK.check("receiver.example", address)


@pytest.mark.parametrize(
    ("item", "named", "others"),
    [
        (".example.com", ("example.com", "a.example.com", "A.Example.COM."), ("badexample.com", "example.org")),
        ("*.example.com", ("a.example.com", "b.a.example.com"), ("example.com", "badexample.com")),
        ("my_hooks", ("my_hooks", "MY_HOOKS"), ("myhooks",)),
        ("Bücher.example", ("xn--bcher-kva.example",), ("bucher.example",)),
        ("hooks.example.", ("hooks.example", "hooks.example."), ("a.hooks.example",)),
    ],
)
def test_names_are_understood_as_people_write_them(item: str, named: tuple[str, ...], others: tuple[str, ...]) -> None:
    policy = TargetPolicy((item,), bound_to_loopback=False)
    assert all(allows(policy, "203.0.113.5", host=host) for host in named)
    assert not any(allows(policy, "203.0.113.5", host=host) for host in others)
    assert not any(allows(policy, "169.254.169.254", host=host) for host in named)


@pytest.mark.parametrize("item", ["::ffff:203.0.113.7", "[::ffff:203.0.113.7]", "::ffff:203.0.113.0/120"])
def test_what_is_only_written_as_ipv6_is_the_address_of_ipv4(item: str) -> None:
    policy = TargetPolicy((item,), bound_to_loopback=False)
    assert allows(policy, "203.0.113.7")
    assert allows(policy, "::ffff:203.0.113.7")
    assert not allows(policy, "203.0.114.7")


@pytest.mark.parametrize(
    "item",
    [
        *("http://receiver.example", "10.0.0.0/33", "a b", "receiver.example:80", "", "a..b"),
        *("10.0.0.999", "10.0.0", "10.0.*", "sand*box", "[::1]:80"),
    ],
)
def test_what_is_neither_name_nor_network_is_refused(item: str) -> None:
    with pytest.raises(BadTarget, match="SANDBOX_CALLBACK_ALLOW takes"):
        TargetPolicy((item,), bound_to_loopback=True)


def test_the_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CALLBACK_ALLOW", "Hooks.Example, 10.0.0.0/8,")
    monkeypatch.setenv("SANDBOX_CALLBACK_RATE", "7")
    settings = Settings()
    assert settings.callback_allow == ("hooks.example", "10.0.0.0/8")
    assert (settings.callback_rate, settings.callback_timeout) == (7, 10)


@pytest.mark.parametrize("name", ["SANDBOX_CALLBACK_RATE", "SANDBOX_CALLBACK_TIMEOUT"])
def test_callbacks_are_given_some_rate_and_time(name: str) -> None:
    is_refused(2, f"{name} must be a whole number from 1 to ..., not '0'.", "serve", "--port", "0", **{name: "0"})


# What is connected to --------------------------------------------------------------------------------------------


def post(url: str, policy: TargetPolicy = ON_LOOPBACK, *addresses: str, timeout_s: float = 60) -> int:
    """Posts to it; names stand for these addresses, if any are given."""
    given = {"resolve": _standing_for(addresses)} if addresses else {}
    return asyncio.run(HttpClient(policy, timeout_s=timeout_s, **given).post(url, b"a=b", {}))


def _standing_for(addresses: tuple[str, ...]) -> Callable[[str, int], "asyncio.Future[list[str]]"]:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve  # type: ignore[return-value]  # of one of two kinds


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as opened:
        yield opened


def test_a_name_that_stands_for_a_forbidden_address_is_forbidden(receiver: Receiver) -> None:
    url = f"http://receiver.example:{receiver.port}/"
    for address in ("169.254.169.254", "8.8.8.8", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "0.0.0.0"):
        with pytest.raises(Forbidden, match="is not allowed: name it in SANDBOX_CALLBACK_ALLOW"):
            post(url, ON_LOOPBACK, address)
    with pytest.raises(Forbidden, match=r"the target 127\.0\.0\.1 "):
        post(url, ELSEWHERE, "127.0.0.1")
    assert receiver.got == []


def test_of_several_addresses_only_an_allowed_one_is_connected_to(receiver: Receiver) -> None:
    assert post(f"http://receiver.example:{receiver.port}/", ON_LOOPBACK, "169.254.169.254", "127.0.0.1") == 200
    (got,) = receiver.got
    assert got.headers["host"] == f"receiver.example:{receiver.port}"


def test_only_what_leads_to_allowed_addresses_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    async def connect(_: object, host: str, *__: object) -> object:
        connected.append(host)
        raise httpcore.ConnectError("noted")

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect)
    named = TargetPolicy(("receiver.example",), bound_to_loopback=False)
    allowed = ["64:ff9b:1::808:808", "10.1.2.3", "2001:db8::5efe:808:808", "2002:808:808::1", "::ffff:8.8.8.8"]
    with pytest.raises(Unreached, match="ConnectError: noted"):
        post("http://receiver.example/", named, *TO_SECRETS, *allowed, *SECRET)
    assert connected == allowed


def test_an_allowed_address_that_does_not_answer_is_worth_another_attempt() -> None:
    with Receiver() as gone:
        port = gone.port
    for addresses in (("127.0.0.1", "169.254.169.254"), ("169.254.169.254", "127.0.0.1")):
        with pytest.raises(Unreached, match="ConnectError"):
            post(f"http://receiver.example:{port}/", ON_LOOPBACK, *addresses)


def test_a_name_that_is_pointed_elsewhere_meanwhile_is_judged_anew_and_asked_once(receiver: Receiver) -> None:
    asked = iter([["127.0.0.1"], ["169.254.169.254"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(asked)

    async def twice() -> None:
        client = HttpClient(ON_LOOPBACK, timeout_s=60, resolve=resolve)
        url = f"http://rebinding.example:{receiver.port}/"
        assert await client.post(url, b"", {}) == 200
        with pytest.raises(Forbidden):
            await client.post(url, b"", {})

    asyncio.run(twice())
    assert len(receiver.got) == 1
    assert next(asked, None) is None


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "localhost"])
def test_however_an_address_is_written_it_is_judged_as_what_it_is(receiver: Receiver, host: str) -> None:
    assert post(f"http://{host}:{receiver.port}/") == 200
    with pytest.raises(Forbidden, match=r"the target (127\.0\.0\.1|::1) "):
        post(f"http://{host}:{receiver.port}/", ELSEWHERE)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662"])
def test_secrets_are_forbidden_however_they_are_written(host: str) -> None:
    with pytest.raises(Forbidden, match=r"the target 169\.254\.169\.254 "):
        post(f"http://{host}/latest/meta-data/")


@pytest.mark.parametrize(
    "host", ["127.0.0.999", "127.0.0.1.5", "1.2.3.256", "4294967296", "a.0x1", "127.0.0.1.", "0x.9.9.9.9"]
)
def test_what_ends_in_a_number_and_is_no_address_is_asked_of_nobody(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: asked.append(host))
    for policy in (ON_LOOPBACK, TargetPolicy(("*",), bound_to_loopback=True)):
        with pytest.raises(Forbidden, match=r"is no address, though it ends in a number"):
            post(f"http://{host}:9/", policy)
    assert asked == []


def test_no_proxy_of_the_environment_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url) == 200
    assert len(receiver.got) == 1
    assert proxy.got == []


def test_a_redirect_is_an_answer_like_others_and_not_followed(receiver: Receiver) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: " + receiver.url.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    with Receiver(lambda _: moved) as redirecting:
        assert post(redirecting.url) == 307
    assert receiver.got == []


@contextmanager
def endless(chunk: bytes, pause_s: float) -> Iterator[tuple[int, list[int]]]:
    """A receiver whose answer never ends: its port, and how much it has sent."""
    sent = [0]
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                try:
                    while not done.wait(pause_s):
                        connection.sendall(chunk)
                        sent[0] += len(chunk)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1], sent
        finally:
            done.set()
            thread.join()


def test_an_answer_is_read_to_64_kb_and_dropped() -> None:
    assert MOST_BYTES == 64 * 1024
    with endless(b"x" * 4096, 0.0001) as (port, sent):
        assert post(f"http://127.0.0.1:{port}/") == 200
        assert sent[0] >= MOST_BYTES
    assert sent[0] < 64 * 1024 * 1024


def test_an_answer_that_trickles_is_no_answer() -> None:
    with endless(b"x", 0.01) as (port, _), pytest.raises(Unreached, match=r"no answer within 0\.1 s"):
        post(f"http://127.0.0.1:{port}/", timeout_s=0.1)


def test_what_is_no_http_is_an_error_that_is_told() -> None:
    with (
        Receiver(lambda _: b"SSH-2.0-hello\r\n\r\n") as receiver,
        pytest.raises(Unreached, match="RemoteProtocolError"),
    ):
        post(receiver.url)


def test_a_name_that_nobody_knows_is_an_error_that_is_told() -> None:
    with pytest.raises(Unreached, match="gaierror"):
        post("http://nobody.invalid/")


def test_certificates_are_read_once(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    default = httpcore.default_ssl_context

    def reading() -> ssl.SSLContext:
        read.append(1)
        return default()

    monkeypatch.setattr(httpcore, "default_ssl_context", reading)

    async def twice() -> None:
        client = HttpClient(ON_LOOPBACK, timeout_s=60)
        assert await client.post(receiver.url, b"", {}) == 200
        assert read == []
        for _ in range(2):
            with pytest.raises(Unreached, match="ConnectError"):
                await client.post(receiver.url.replace("http:", "https:"), b"", {})

    asyncio.run(twice())
    assert read == [1]


# Names that are slow to resolve ----------------------------------------------------------------------------------


class Names:
    """What the system says of a name: of one in `.stuck` nothing until `known` is set, and then that nobody has it."""

    def __init__(self) -> None:
        self.known = threading.Event()
        self._system = socket.getaddrinfo

    def getaddrinfo(self, host: str, *rest: object, **more: object) -> object:
        if host.endswith(".stuck"):
            self.known.wait()
            raise socket.gaierror("Name or service not known")
        return self._system("127.0.0.1" if host.endswith(".test") else host, *rest, **more)  # type: ignore[arg-type]  # some are bytes


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.known.set()


def test_names_that_nobody_answers_for_keep_no_other_receiver_waiting(
    open_driver: Callable[..., Driver], receiver: Receiver, names: Names
) -> None:
    sandbox = open_driver(callback_timeout=3600)  # so that none of the stuck ones makes room by being given up
    for n in range(40):
        sandbox.sid(callback=f"http://name{n}.stuck/")
    sids = [sandbox.sid(callback=f"http://{host}:{receiver.port}/") for host in ("localhost", "receiver.test")]
    end = time.monotonic() + 60
    while [sandbox.message(sid)["callbacks"][0]["state"] for sid in sids] != ["delivered"] * 2:
        assert time.monotonic() < end, "the stuck names hold up the others"
        sandbox.run(asyncio.sleep(0.02))


def test_an_attempt_that_is_given_up_leaves_its_question_behind(names: Names) -> None:
    async def ask(host: str, patience_s: float = 60) -> object:
        try:
            async with asyncio.timeout(patience_s):
                return await resolve(host, 80)
        except (TimeoutError, socket.gaierror) as error:
            return type(error)

    async def several() -> None:
        assert await ask("one.stuck", 0.01) is TimeoutError
        waiting = asyncio.create_task(ask("two.stuck"))
        assert await ask("other.test") == ["127.0.0.1"]
        names.known.set()
        assert await waiting is socket.gaierror

    asyncio.run(several())


POSTING_TO_A_STUCK_NAME = """
import asyncio, socket, time
from sandbox.server.http_client import HttpClient, Unreached
from sandbox.server.targets import TargetPolicy

socket.getaddrinfo = lambda *_, **__: time.sleep(600)
try:
    client = HttpClient(TargetPolicy((), bound_to_loopback=True), timeout_s=0.1)
    asyncio.run(client.post("http://nobody.stuck/", b"", {}))
except Unreached as unreached:
    print(unreached)
"""


def test_a_name_that_is_being_asked_for_does_not_hold_up_the_stop() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", POSTING_TO_A_STUCK_NAME], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout == "no answer within 0.1 s\n"


# Through the whole sandbox ---------------------------------------------------------------------------------------


def outcome_of(sandbox: Driver, url: str) -> tuple[str, str | None, list[str | None]]:
    """What became of the callback of a submit: its state, its reason, the errors of its attempts."""
    sid = sandbox.sid(callback=url)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": 60})
    first = sandbox.message(sid)["callbacks"][0]
    return first["state"], first["reason"], [attempt["error"] for attempt in first["attempts"]]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("169.254.169.254", "169.254.169.254"),
        ("2852039166", "169.254.169.254"),
        ("[::ffff:169.254.169.254]", "::ffff:169.254.169.254"),
        ("[64:ff9b::a9fe:a9fe]", "64:ff9b::a9fe:a9fe"),
        ("[2002:a9fe:a9fe::]", "2002:a9fe:a9fe::"),
        ("[::127.0.0.1]", "::7f00:1"),
        ("[::ffff:0:169.254.169.254]", "::ffff:0:a9fe:a9fe"),
        ("[64:ff9b:1::a9fe:a9fe]", "64:ff9b:1::a9fe:a9fe"),
        ("[2001:0:a9fe:a9fe::]", "2001:0:a9fe:a9fe::"),
        ("[fd00::5efe:a9fe:a9fe]", "fd00::5efe:a9fe:a9fe"),
        ("100.100.100.200", "100.100.100.200"),
        ("1684301000", "100.100.100.200"),
        ("[::ffff:168.63.129.16]", "::ffff:168.63.129.16"),
        ("0.0.0.0", "0.0.0.0"),
        ("[::]", "::"),
    ],
)
def test_a_forbidden_target_is_accepted_and_given_up_with_the_reason(sandbox: Driver, host: str, address: str) -> None:
    reason = f"the target {address} is not allowed: name it in SANDBOX_CALLBACK_ALLOW"
    assert outcome_of(sandbox, f"http://{host}/x") == ("given_up", reason, [reason])


def test_what_is_no_address_is_given_up_at_once(sandbox: Driver) -> None:
    reason = "127.0.0.999 is no address, though it ends in a number"
    assert outcome_of(sandbox, "http://127.0.0.999/x") == ("given_up", reason, [reason])


def test_a_sinks_token_is_its_own_only_under_a_name_of_this_server(
    open_driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under another name it goes where that leads: here to an address that is not called."""
    sandbox = open_driver(hosts=("sandbox.test", ".inner.test"), public_url="https://public.test/box")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("203.0.113.7", 80))])
    path = sandbox.control("PUT", "/sinks/mine", {})["url"].removeprefix("https://public.test")
    ours = (
        "127.0.0.1:8080",
        "localhost",
        "LOCALHOST.:1",
        "[::1]",
        "10.1.2.3",
        "sandbox.test:99",
        "Public.Test",
        "a.inner.test",
    )
    for host in (*ours, "u:p@public.test"):
        assert outcome_of(sandbox, f"http://{host}{path}")[0] == "delivered", host
    got = sandbox.control("GET", "/sinks/mine")["received"]
    for host in (
        "elsewhere.example",
        "public.test.evil.example",
        "notsandbox.test",
        "public.test@evil.example",
        "\u0130x.example",
    ):
        reason = "the target 203.0.113.7 is not allowed: name it in SANDBOX_CALLBACK_ALLOW"
        assert outcome_of(sandbox, f"http://{host}{path}")[:2] == ("given_up", reason), host
    assert sandbox.control("GET", "/sinks/mine")["received"] == got


def test_bound_elsewhere_only_our_own_sinks_are_targets(open_driver: Callable[..., Driver], receiver: Receiver) -> None:
    sandbox = open_driver(host="0.0.0.0", control_open=True)
    sink = sandbox.control("PUT", "/sinks/mine", {})["url"]
    assert outcome_of(sandbox, sink)[0] == "delivered"
    reason = "the target 127.0.0.1 is not allowed: name it in SANDBOX_CALLBACK_ALLOW"
    assert outcome_of(sandbox, receiver.url) == ("given_up", reason, [reason])
    assert outcome_of(sandbox, f"http://127.0.0.1:{receiver.port}/_sandbox/sinks/guessed")[0] == "given_up"
    assert receiver.got == []


def test_bound_elsewhere_what_is_named_is_a_target(open_driver: Callable[..., Driver], receiver: Receiver) -> None:
    sandbox = open_driver(host="0.0.0.0", control_open=True, callback_allow=("127.0.0.0/8",))
    assert outcome_of(sandbox, receiver.url)[0] == "delivered"
