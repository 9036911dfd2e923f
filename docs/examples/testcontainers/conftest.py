import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from dialog_sandbox import SandboxClient

IMAGE = "registry.example.com/your-team/dialog-sandbox:0.1.0"
TOKEN = "only-for-tests"


@pytest.fixture(scope="session")
def sandbox_server():
    """In place of the one that the fixtures start by themselves; `sandbox` goes on as ever."""
    sandbox = DockerContainer(IMAGE).with_env("SANDBOX_CONTROL_TOKEN", TOKEN).with_exposed_ports(8080)
    with sandbox.waiting_for(HttpWaitStrategy(8080, "/_sandbox/health/ready").for_status_code(200)):
        url = f"http://{sandbox.get_container_host_ip()}:{sandbox.get_exposed_port(8080)}"
        with SandboxClient(url, TOKEN) as client:
            yield client
