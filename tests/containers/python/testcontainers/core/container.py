"""A container that is a process: of testcontainers' class what the recipe calls."""

import os
import shlex
import subprocess
from typing import Self

from testcontainers.core.wait_strategies import HttpWaitStrategy


class DockerContainer:
    def __init__(self, image: str) -> None:
        self._environment: dict[str, str] = {}
        self._ports: tuple[int, ...] = ()
        self._strategy: HttpWaitStrategy | None = None

    def with_env(self, key: str, value: str) -> Self:
        self._environment[key] = value
        return self

    def with_exposed_ports(self, *ports: int) -> Self:
        self._ports = ports
        return self

    def waiting_for(self, strategy: HttpWaitStrategy) -> Self:
        self._strategy = strategy
        return self

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            shlex.split(os.environ["CONTAINER"]),
            env={**os.environ, **self._environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._host, _, port = self._process.stdout.readline().split()[-1].removeprefix("http://").rpartition(":")
        self._mapped = int(port)
        if self._strategy is not None:
            assert self._strategy.port in self._ports
            self._strategy.check(self._host, self._mapped)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def get_container_host_ip(self) -> str:
        return self._host

    def get_exposed_port(self, port: int) -> int:
        assert port in self._ports
        return self._mapped
