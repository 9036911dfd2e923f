"""The load generator: wrk, told in Lua what to send, and asked to report in JSON."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.servers import Broken, Server

WRK = "wrk"
CONNECTIONS = 16
TIMEOUT_S = 10
"""What an answer may take before wrk counts an error."""
ERRORS = ("connect", "read", "write", "status", "timeout")

SCRIPT = """
local requests = {}
local n = 0
init = function()
  for line in io.lines(%(requests)s) do
    local method, target, body = line:match("^(%%S+) (%%S+) ?(.*)$")
    requests[#requests + 1] = wrk.format(method, target, %(headers)s, body ~= "" and body or nil)
  end
end
request = function()
  n = n %% #requests + 1
  return requests[n]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "bytes": %%d, "duration_us": %%d, "p50_us": %%d, "p99_us": %%d,'
    .. ' "connect": %%d, "read": %%d, "write": %%d, "status": %%d, "timeout": %%d}\\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
"""


@dataclass(frozen=True)
class Request:
    """One of those that wrk sends in turn. `target` and `body` are ASCII without blanks: escaped as they go out."""

    method: str
    target: str
    body: str = ""


@dataclass(frozen=True)
class Sample:
    """What one run of wrk found. `cpu_us`: CPU time that the server used per request."""

    requests: int
    mean_bytes: float
    """Of a whole answer, head and body."""
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float = 0.0


def check_installed() -> None:
    if shutil.which(WRK) is None:
        raise Broken("wrk, the load generator, is missing: install it (Debian: apt install wrk)")


def run(
    server: Server,
    requests: Sequence[Request],
    headers: Mapping[str, str],
    seconds: int,
    connections: int = CONNECTIONS,
) -> Sample:
    """Sends the requests in turn for so long, on one thread; any answer that is not a success is an error."""
    with tempfile.TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
        listed, script = Path(folder, "requests.txt"), Path(folder, "load.lua")
        listed.write_text("".join(f"{item.method} {item.target} {item.body}".rstrip() + "\n" for item in requests))
        script.write_text(SCRIPT % {"requests": json.dumps(str(listed)), "headers": lua_table(headers)})
        command = [WRK, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_S}s", "-s", str(script)]
        before = server.cpu_s()
        done = subprocess.run(
            [*command, server.url], capture_output=True, text=True, timeout=seconds + 3 * TIMEOUT_S, check=False
        )
        used = server.cpu_s() - before
    if done.returncode:
        raise Broken(f"wrk ended with exit code {done.returncode}: {done.stderr.strip()}")
    return sample_of(done.stdout, used)


def lua_table(values: Mapping[str, str]) -> str:
    """A table of strings. JSON's way of writing ASCII strings is Lua's too."""
    return "{" + ", ".join(f"[{json.dumps(key)}] = {json.dumps(value)}" for key, value in values.items()) + "}"


def sample_of(printed: str, cpu_s: float) -> Sample:
    """What wrk printed, read; any error among it refuses the run."""
    try:
        found = json.loads(printed.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise Broken(f"wrk printed no result: {printed.strip()[-200:]!r}") from None
    if wrong := {name: found[name] for name in ERRORS if found[name]}:
        raise Broken(f"wrk counted errors: {wrong}")
    if not found["requests"]:
        raise Broken("wrk got no answer at all")
    return Sample(
        requests=found["requests"],
        mean_bytes=found["bytes"] / found["requests"],
        per_s=found["requests"] / (found["duration_us"] / 1e6),
        p50_ms=found["p50_us"] / 1000,
        p99_ms=found["p99_us"] / 1000,
        cpu_us=cpu_s / found["requests"] * 1e6,
    )
