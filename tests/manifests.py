"""What of deploy/compose.yaml and of Kubernetes' manifests matters, as models: an unknown or misplaced key is refused.

No whole schema of either is here: Kubernetes' alone is some megabytes.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|Ki|Mi|Gi)?$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Labels = dict[str, Name]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


# Kubernetes ------------------------------------------------------------------------------------------------------


class Metadata(Model):
    name: Name
    labels: Labels


class PodMetadata(Model):
    labels: Labels


class Selector(Model):
    match_labels: Labels


class Reference(Model):
    name: Name


class EnvironmentSource(Model):
    config_map_ref: Reference


class KeyReference(Reference):
    key: str


class ValueSource(Model):
    secret_key_ref: KeyReference


class Variable(Model):
    name: str
    value_from: ValueSource


class Port(Model):
    name: str
    container_port: int


class HttpGet(Model):
    path: str
    port: str


class Probe(Model):
    http_get: HttpGet
    period_seconds: int
    timeout_seconds: int
    failure_threshold: int


class Resources(Model):
    requests: dict[Literal["cpu", "memory"], Quantity]
    limits: dict[Literal["cpu", "memory"], Quantity]


class Capabilities(Model):
    drop: list[Literal["ALL"]]


class ContainerSecurity(Model):
    allow_privilege_escalation: Literal[False]
    read_only_root_filesystem: Literal[True]
    capabilities: Capabilities


class Mount(Model):
    name: str
    mount_path: str


class Container(Model):
    name: Name
    image: str
    image_pull_policy: Literal["IfNotPresent"]
    ports: list[Port]
    env_from: list[EnvironmentSource]
    env: list[Variable]
    startup_probe: Probe
    readiness_probe: Probe
    liveness_probe: Probe
    resources: Resources
    security_context: ContainerSecurity
    volume_mounts: list[Mount]


class SeccompProfile(Model):
    type: Literal["RuntimeDefault"]


class PodSecurity(Model):
    """It names no user: the cluster may give any."""

    run_as_non_root: Literal[True]
    seccomp_profile: SeccompProfile


class Spread(Model):
    max_skew: int
    topology_key: Literal["kubernetes.io/hostname"]
    when_unsatisfiable: Literal["ScheduleAnyway"]
    label_selector: Selector


class EmptyDir(Model):
    size_limit: Quantity


class Volume(Model):
    name: str
    empty_dir: EmptyDir


class PodSpec(Model):
    automount_service_account_token: Literal[False]
    enable_service_links: Literal[False]
    termination_grace_period_seconds: int
    security_context: PodSecurity
    topology_spread_constraints: list[Spread]
    containers: Annotated[list[Container], Field(min_length=1, max_length=1)]
    volumes: list[Volume]


class Template(Model):
    metadata: PodMetadata
    spec: PodSpec


class RollingUpdate(Model):
    max_unavailable: Literal[0]
    max_surge: Literal[1]


class Strategy(Model):
    type: Literal["RollingUpdate"]
    rolling_update: RollingUpdate


class DeploymentSpec(Model):
    replicas: Literal[2]
    selector: Selector
    strategy: Strategy
    template: Template


class Manifest(Model):
    metadata: Metadata


class Deployment(Manifest):
    api_version: Literal["apps/v1"]
    kind: Literal["Deployment"]
    spec: DeploymentSpec


class ConfigMap(Manifest):
    api_version: Literal["v1"]
    kind: Literal["ConfigMap"]
    data: dict[str, str]


class ServicePort(Model):
    name: str
    port: int
    target_port: str


class ServiceSpec(Model):
    selector: Labels
    ports: list[ServicePort]


class Service(Manifest):
    api_version: Literal["v1"]
    kind: Literal["Service"]
    spec: ServiceSpec


class BudgetSpec(Model):
    min_available: Literal[1]
    selector: Selector


class PodDisruptionBudget(Manifest):
    api_version: Literal["policy/v1"]
    kind: Literal["PodDisruptionBudget"]
    spec: BudgetSpec


class Image(Model):
    name: str
    new_name: str
    new_tag: str


class Kustomization(Model):
    api_version: Literal["kustomize.config.k8s.io/v1beta1"]
    kind: Literal["Kustomization"]
    resources: list[str]
    images: list[Image]


AnyManifest = Annotated[
    ConfigMap | Deployment | Kustomization | PodDisruptionBudget | Service, Field(discriminator="kind")
]
MANIFEST: TypeAdapter[AnyManifest] = TypeAdapter(AnyManifest)


# Compose ---------------------------------------------------------------------------------------------------------


class ComposeModel(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Dependency(ComposeModel):
    condition: Literal["service_healthy"]


class HealthCheck(ComposeModel):
    test: list[str]
    interval: str
    timeout: str
    retries: int


class ComposeService(ComposeModel):
    image: Annotated[str, Field(pattern=r"^[a-z-]+(:[0-9.]+)?$", description="An official name or our own: no host.")]
    build: str | None = None
    command: list[str] = []
    restart: Literal["unless-stopped"]
    read_only: bool = False
    tmpfs: list[str] = []
    cap_drop: list[Literal["ALL"]] = []
    security_opt: list[Literal["no-new-privileges:true"]] = []
    environment: dict[str, str] = {}
    volumes: list[str] = []
    ports: list[str] = []
    depends_on: dict[str, Dependency] = {}
    healthcheck: HealthCheck | None = None


class Compose(ComposeModel):
    model_config = ConfigDict(extra="allow")  # x-...

    name: str
    services: dict[str, ComposeService]
    volumes: dict[str, None]


INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def interpolated(values: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Values with `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}` filled in, as Compose does."""

    def fill(found: "re.Match[str]") -> str:
        name, kind, rest = found.groups()
        given = environment.get(name, "")
        assert given or kind == "-", f"{name}: {rest}"
        return given or str(rest)

    return {name: INTERPOLATED.sub(fill, value) for name, value in values.items()}
