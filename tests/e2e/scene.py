"""What happens once, for all tests: workflows of both tenants, then their deletion."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.core_v1 import ConfigMap, Event, Pod

from tools.e2e.notes import Text, note

if TYPE_CHECKING:
    from collections.abc import Callable

    from lightkube import Client

    from tests.e2e.store import Store, Stored
    from tools.e2e.platform import RealPods

Workflow = create_namespaced_resource("argoproj.io", "v1alpha1", "Workflow", "workflows")

TENANTS: Final = {"team-a": ("workflow", "workflow"), "team-b": ("etl", "ml")}
"""By tenant: the service account that saves, and the one that reads."""
NEIGHBOUR: Final = {"team-a": "team-b", "team-b": "team-a"}
ROUNDTRIP: Final = "roundtrip"
INTRUSION: Final = "neighbour"

_WORKFLOWS: Final = Path(__file__).parent / "workflows"
_SECONDS: Final = 240.0
"""Most time that two workflows get; half a minute is usual on two idle cores."""


@dataclass
class Tenant:
    """What was seen of one tenant."""

    name: str
    entry: dict
    """What Argo reads for its default repository."""
    workflows: dict[str, dict] = field(default_factory=dict)
    """Last seen state of each workflow, by its name."""
    pods: dict[str, dict] = field(default_factory=dict)
    """Last seen state of each pod, by its name."""
    events: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Names of the workflows that are there at the end."""
    named: dict[str, str] = field(default_factory=dict)
    """Key of the neighbour's that each step of the intrusion names."""

    @property
    def prefix(self) -> str:
        """Begin of the key of each of its objects, as the entry says it."""
        return self.entry["s3"]["keyFormat"].partition("{{")[0]

    def node(self, workflow: str, step: str) -> dict:
        """Return the state of a step."""
        nodes = self.workflows[workflow]["status"]["nodes"].values()
        (found,) = [node for node in nodes if node["displayName"] == step]
        return found

    def key(self, artifact: str, step: str = "save") -> str:
        """Return the key under which a step of the roundtrip saved an artifact."""
        artifacts = self.node(ROUNDTRIP, step)["outputs"]["artifacts"]
        (found,) = [one for one in artifacts if one["name"] == artifact]
        return found["s3"]["key"]

    def collectors(self) -> list[dict]:
        """Return the pods of garbage collection."""
        return [pod for name, pod in self.pods.items() if "-artgc-" in name]


@dataclass
class Scene:
    """Everything that was seen."""

    tenants: dict[str, Tenant]
    before: dict[str, Stored] = field(default_factory=dict)
    saved: dict[str, Stored] = field(default_factory=dict)
    intruded: dict[str, Stored] = field(default_factory=dict)
    after: dict[str, Stored] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    """Content of each object, but the large ones, before garbage collection."""
    seconds: dict[str, float] = field(default_factory=dict)


class Director:
    """Runs the scene on a platform."""

    def __init__(self, platform: RealPods, store: Store) -> None:
        self._platform = platform
        self._client: Client = platform.client
        self._store = store
        tenants = [Tenant(name, self._entry(name)) for name in TENANTS]
        self.scene = Scene({tenant.name: tenant for tenant in tenants})

    def run(self) -> Scene:
        """Run everything and return what was seen."""
        scene = self.scene
        scene.before = self._store.list()
        self._timed("save and read", self._roundtrip)
        scene.saved = self._store.list()
        scene.contents = {
            key: self._store.read(key) for key, one in scene.saved.items() if one.parts == 1
        }
        self._timed("neighbour's prefix", self._intrude)
        scene.intruded = self._store.list()
        note(Text("kubectl get pods -A", self._platform.argo.pods()))
        self._timed("garbage collection", self._delete)
        scene.after = self._store.list()
        return scene

    def _roundtrip(self) -> None:
        for tenant in self.scene.tenants.values():
            saver, reader = TENANTS[tenant.name]
            workflow = _load(ROUNDTRIP)
            spec = workflow["spec"]
            spec["serviceAccountName"] = saver
            _template(spec, "read")["serviceAccountName"] = reader
            missing = f"{tenant.prefix}never/written"
            spec["arguments"]["parameters"] = [{"name": "missing", "value": missing}]
            self._submit(tenant, workflow)
        self._wait_for_end(ROUNDTRIP)

    def _intrude(self) -> None:
        for tenant in self.scene.tenants.values():
            theirs = self.scene.tenants[NEIGHBOUR[tenant.name]]
            workflow = _load(INTRUSION)
            spec = workflow["spec"]
            spec["serviceAccountName"] = TENANTS[tenant.name][0]
            tenant.named = {"read": theirs.key("file"), "write": f"{theirs.prefix}intruder"}
            for step, key in tenant.named.items():
                template = _template(spec, step)
                artifacts = {**template.get("inputs", {}), **template.get("outputs", {})}
                artifacts["artifacts"][0]["s3"] = _location(tenant, key)
            self._submit(tenant, workflow)
        self._wait_for_end(INTRUSION)

    def _delete(self) -> None:
        for tenant in self.scene.tenants.values():
            self._client.delete(Workflow, ROUNDTRIP, namespace=tenant.name)
        self._wait("gone", lambda tenant: not self._look(tenant, ROUNDTRIP))
        for tenant in self.scene.tenants.values():
            left = self._client.list(Workflow, namespace=tenant.name)
            tenant.left = [str(workflow.metadata.name) for workflow in left]

    def _entry(self, tenant: str) -> dict:
        found = self._client.get(ConfigMap, "artifact-repositories", namespace=tenant)
        return yaml.safe_load(found.data["default"])

    def _submit(self, tenant: Tenant, workflow: dict) -> None:
        self._client.create(Workflow(workflow), namespace=tenant.name)

    def _wait_for_end(self, name: str) -> None:
        def has_ended(tenant: Tenant) -> bool:
            self._look(tenant, name)
            labels = tenant.workflows[name]["metadata"].get("labels", {})
            return labels.get("workflows.argoproj.io/completed") == "true"

        self._wait(f"{name} to end", has_ended)

    def _look(self, tenant: Tenant, name: str) -> bool:
        """Keep the present state of a workflow and all pods; whether the workflow is there."""
        for pod in self._client.list(Pod, namespace=tenant.name):
            tenant.pods[pod.metadata.name] = pod.to_dict()
        events = self._client.list(Event, namespace=tenant.name)
        tenant.events = [f"{event.reason}: {event.message}" for event in events]
        try:
            found = self._client.get(Workflow, name, namespace=tenant.name)
        except ApiError as error:
            if error.status.code == 404:
                return False
            raise
        tenant.workflows[name] = found.to_dict()
        return True

    def _wait(self, what: str, is_done: Callable[[Tenant], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        waiting = list(self.scene.tenants.values())
        while waiting := [tenant for tenant in waiting if not is_done(tenant)]:
            if time.monotonic() > deadline:
                states = "\n".join(_state(tenant) for tenant in waiting)
                msg = f"{what}: not so after {_SECONDS:.0f} s\n{states}"
                raise TimeoutError(msg)
            time.sleep(0.5)

    def _timed(self, part: str, act: Callable[[], None]) -> None:
        begin = time.monotonic()
        act()
        self.scene.seconds[part] = time.monotonic() - begin


def _load(name: str) -> dict:
    return yaml.safe_load((_WORKFLOWS / f"{name}.yaml").read_text())


def _template(spec: dict, name: str) -> dict:
    (found,) = [template for template in spec["templates"] if template["name"] == name]
    return found


def _location(tenant: Tenant, key: str) -> dict:
    """Return a whole location: the tenant's own store and keys, but this key."""
    location = copy.deepcopy(tenant.entry["s3"])
    del location["keyFormat"]
    return location | {"key": key}


def _state(tenant: Tenant) -> str:
    workflows = {
        name: {
            node["displayName"]: (node.get("phase"), node.get("message"))
            for node in workflow.get("status", {}).get("nodes", {}).values()
        }
        for name, workflow in tenant.workflows.items()
    }
    pods = {name: pod.get("status", {}).get("phase") for name, pod in tenant.pods.items()}
    return f"{tenant.name}: {workflows}, pods {pods}, events {tenant.events[-10:]}"
