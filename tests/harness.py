"""The program under mocks: what it asks the engine for, resource by resource, without an engine.

A monitor of our own notes what the SDK's one lets pass: two resources with one URN, types that
nobody taught it, dependencies, hooks and the options that decide what a removal deletes.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest import mock

import boto3
import pulumi
import yaml
from moto import mock_aws
from pulumi.runtime import config as runtime_config
from pulumi.runtime import get_root_resource, mocks, rpc
from pulumi.runtime.stack import Stack as RootStack

from argo_artifacts.config import parse
from argo_artifacts.config.base import NAMESPACE
from argo_artifacts.config.read import STRUCTURED
from components import program
from components.state import READ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from argo_artifacts.config import Settings

ROOT: Final = Path(__file__).parents[1]
STACKS: Final = ROOT / "stacks"
SERVER: Final = "https://127.0.0.1:1"
"""The API server of the mocked kubeconfig; nothing is ever sent there."""

KUBERNETES: Final = frozenset(
    {
        "kubernetes:batch/v1:CronJob",
        "kubernetes:batch/v1:Job",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:core/v1:ConfigMapPatch",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    }
)
COMPONENTS: Final = frozenset(
    {
        "argo-artifacts:index:AwsIdentities",
        "argo-artifacts:index:AwsRefresher",
        "argo-artifacts:index:Installation",
        "argo-artifacts:index:MinioProvisioning",
        "argo-artifacts:index:MinioServer",
        "argo-artifacts:index:MinioStore",
        "argo-artifacts:index:S3Store",
        "argo-artifacts:index:TenantArtifacts",
    }
)
PROVIDERS: Final = frozenset(
    {"pulumi:providers:aws", "pulumi:providers:kubernetes", "pulumi:providers:minio-admin"}
)
AWS: Final = frozenset(
    {
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/role:Role",
        "aws:iam/user:User",
        "aws:kms/key:Key",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3control/accessGrant:AccessGrant",
        "aws:s3control/accessGrantsInstance:AccessGrantsInstance",
        "aws:s3control/accessGrantsLocation:AccessGrantsLocation",
    }
)
"""Objects on AWS that the inventory counts."""

AWS_PARTS: Final = frozenset(
    {
        "aws:iam/policy:Policy",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userPolicy:UserPolicy",
        "aws:kms/alias:Alias",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    }
)
"""Parts of an object, which Pulumi keeps as resources of their own."""

_MINIO: Final = frozenset(
    f"minio-admin:index:{kind}"
    for kind in ("Attachment", "Bucket", "Credentials", "Policy", "User")
)
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_KNOWN: Final = KUBERNETES | COMPONENTS | PROVIDERS | _MINIO | AWS | AWS_PARTS | {RELEASE}

_SECRET: Final = "4dabf18193072939515e22adb298388d"
"""Key that marks a value as secret on the wire between program and engine."""

_KUBECONFIG: Final = f"""\
apiVersion: v1
kind: Config
clusters: [{{name: mock, cluster: {{server: "{SERVER}"}}}}]
contexts: [{{name: mock, context: {{cluster: mock, user: mock}}}}]
current-context: mock
users: [{{name: mock, user: {{token: mock}}}}]
"""


@dataclass(slots=True, kw_only=True)
class Registered:
    """One resource as the program asked for it."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent."""

    provider: str
    """Logical name of its provider; empty for components and providers."""

    depends_on: set[str]
    """URNs of everything that must stand before it."""

    sources: dict[str, set[str]]
    """URNs of the resources from whose outputs each input was made; inputs without any are left
    out."""

    deleted_with: str
    retain_on_delete: bool
    protect: bool
    ignore_changes: list[str]
    import_id: str
    secret_outputs: set[str]
    hooks: dict[str, list[str]]
    foreign_options: set[str]
    """Names of given options that no resource of ours has a use for."""

    inputs: dict[str, object]
    """With each secret in its wrapper."""

    outputs: dict[str, object] = field(default_factory=dict[str, object])
    """What a component registered."""

    @property
    def kind(self) -> str:
        """The last part of the type."""
        return self.type.rpartition(":")[2]

    @property
    def metadata(self) -> dict[str, object]:
        """The metadata of a Kubernetes object."""
        found = self.inputs["metadata"]
        assert isinstance(found, dict)
        return found

    @property
    def place(self) -> str:
        """``namespace/name`` in Kubernetes and of an association, else the physical name.

        A Job's name is told without the hash at its end.
        """
        if self.type in KUBERNETES:
            name = str(self.metadata["name"])
            name = name.rpartition("-")[0] if self.kind == "Job" else name
            parts = self.metadata.get("namespace"), name
            return "/".join(str(part) for part in parts if part)
        if self.type == RELEASE:
            return f"{self.inputs['namespace']}/{self.inputs['name']}"
        if self.kind == "PodIdentityAssociation":
            return f"{self.inputs['namespace']}/{self.inputs['serviceAccount']}"
        keys = ("bucket", "name", "user", "username")
        found = (self.inputs[key] for key in keys if key in self.inputs)
        return str(next(found, self.name))  # what AWS numbers itself has the name that we gave it


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of the program registered and exported."""

    resources: dict[str, Registered]
    """By URN."""

    outputs: dict[str, object]

    def all(self, kind: str) -> list[Registered]:
        """The resources of one kind, such as ``Secret``."""
        return [r for r in self.resources.values() if r.kind == kind]

    def one(self, kind: str, place: str) -> Registered:
        """The one resource of a kind at a place, see :attr:`Registered.place`."""
        (found,) = [r for r in self.all(kind) if r.place == place]
        return found

    def places(self, kind: str) -> list[str]:
        """The places of all resources of one kind, sorted."""
        return sorted(r.place for r in self.all(kind))


class _Echo(mocks.Mocks):
    """Answers every known type with its own inputs and what a server would add."""

    def __init__(self, faults: list[str], state: Iterable[str]) -> None:
        self._faults = faults
        self._state = state

    def new_resource(self, args):
        if args.typ not in _KNOWN:
            self._faults.append(f"the mocks do not know the type {args.typ}")
        state = dict(args.inputs)
        if args.typ in {"minio-admin:index:Credentials", "minio-admin:index:User"}:
            name = state.get("name") or state["username"]
            state["secretKey"] = pulumi.Output.secret(generated_secret(name))
        if args.typ == "aws:iam/accessKey:AccessKey":
            state["secret"] = pulumi.Output.secret(generated_secret(state["user"]))
        return f"{args.name}-id", state

    def call(self, args):
        if args.token == READ:
            return {"outputs": {urn: {} for urn in self._state}}, []
        self._faults.append(f"the mocks do not know the invoke {args.token}")
        return {}, []


class _Monitor(mocks.MockMonitor):
    """Notes what is registered, and every URN that comes twice."""

    def __init__(self, state: Iterable[str]) -> None:
        self.faults: list[str] = []
        super().__init__(_Echo(self.faults, state))
        self.seen: dict[str, Registered] = {}

    def RegisterResource(self, request):  # noqa: N802 - the SDK's name
        if request.type != "pulumi:pulumi:Stack":
            urn = self.make_urn(request.parent, request.type, request.name)
            if urn in self.seen:
                self.faults.append(f"duplicate URN {urn}")
            self.seen[urn] = _registered(urn, request)
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request):  # noqa: N802 - the SDK's name
        if request.urn in self.seen:  # the root stack registers itself before the program runs
            outputs = dict(rpc.deserialize_properties(request.outputs))
            self.seen[request.urn].outputs = outputs
        return super().RegisterResourceOutputs(request)


def _registered(urn: str, request) -> Registered:
    moments = ("before_create", "before_update")
    hooks = {name: list(getattr(request.hooks, name)) for name in moments}
    foreign = {
        "aliases": [a for a in request.aliases if not _by_sdk(a)],
        "replaceOnChanges": request.replaceOnChanges,
        "transforms": request.transforms,
    }
    return Registered(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        provider=request.provider.rpartition("::")[0].rpartition("::")[2],
        depends_on=set(request.dependencies),
        sources={
            name: set(found.urns)
            for name, found in request.propertyDependencies.items()
            if found.urns
        },
        deleted_with=request.deletedWith,
        retain_on_delete=request.retainOnDelete,
        protect=request.protect,
        ignore_changes=list(request.ignoreChanges),
        import_id=request.importId,
        secret_outputs=set(request.additionalSecretOutputs),
        hooks={name: bound for name, bound in hooks.items() if bound},
        foreign_options={name for name, value in foreign.items() if value},
        inputs=dict(rpc.deserialize_properties(request.object)),
    )


def _by_sdk(alias) -> bool:
    """Whether a provider's SDK gives this alias itself: an older name of the same type."""
    return alias.spec.type.startswith(("aws:", "kubernetes:")) and not alias.spec.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack's configuration as the engine hands it to the program."""

    name: str
    config: Mapping[str, object]
    """By key without the project's name."""

    secrets: Mapping[str, str] = field(default_factory=dict[str, str])

    def settings(self) -> Settings:
        """What the program reads of it.

        Raises:
            ConfigError: all faults.
        """
        return parse(
            {**self.config, **self.secrets},
            project=NAMESPACE,
            stack=self.name,
            folder=STACKS,
            secrets=self.secrets,
        )


def read_stack(file: Path, kubeconfig: Path) -> Stack:
    """Read a stack file, its placeholders filled in, with a canary for each secret it needs."""
    text = file.read_text()
    fill = {"KUBECONFIG": kubeconfig, "API_SERVER": SERVER, "MINIO_ENDPOINT": "minio:9000"}
    for name, value in fill.items():
        text = text.replace(f"${{{name}}}", str(value))
    written = yaml.safe_load(text)["config"]
    config = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in written.items()}
    config = {key: value for key, value in config.items() if key in STRUCTURED}
    config["cluster"] |= {"kubeconfig": str(kubeconfig)}
    for guard in ("context", "server"):
        config["cluster"].pop(guard, None)
    name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
    return with_canaries(Stack(name=name, config=config))


def with_canaries(stack: Stack) -> Stack:
    """*stack* with a secret that is found again in each secret key that it names."""
    secrets = {key: f"canary+of/{key}=" for key in stack.settings().secret_keys()}
    return Stack(name=stack.name, config=stack.config, secrets=secrets)


def generated_secret(user: str) -> str:
    """The secret that the mocked server generates for *user*."""
    return f"canary+generated/for={user}"


def write_kubeconfig(folder: Path) -> Path:
    """Write a kubeconfig that leads nowhere: mocks run no hook, so nothing is sent."""
    file = folder / "kubeconfig"
    file.write_text(_KUBECONFIG)
    return file


@contextmanager
def logged_in(account: str) -> Iterator[None]:
    """AWS in this process, empty, and logged in to *account* by an access key that it knows."""
    with mock_aws(), mock.patch.dict(os.environ, MOTO_ACCOUNT_ID=account):
        iam = boto3.Session().client("iam")
        iam.create_user(UserName="deployer")
        key = iam.create_access_key(UserName="deployer")["AccessKey"]
        del os.environ["MOTO_ACCOUNT_ID"]  # from here on the key tells, and who assumes a role
        os.environ["AWS_ACCESS_KEY_ID"] = key["AccessKeyId"]
        os.environ["AWS_SECRET_ACCESS_KEY"] = key["SecretAccessKey"]
        yield


@contextmanager
def prepared(stack: Stack) -> Iterator[None]:
    """AWS in this process as *stack* needs it: logged in, and with what others keep there."""
    given = stack.config.get("aws")
    if not isinstance(given, dict):
        yield
        return
    with logged_in(given["account"]):
        cluster = stack.config["cluster"]
        assert isinstance(cluster, dict)
        if "oidc" in cluster and given.get("oidcProvider", "use") != "create":
            for account in {given["account"], cluster.get("eks", {}).get("account")} - {None}:
                stand_issuer(cluster["oidc"]["issuer"], account)
        yield


def stand_issuer(url: str, account: str, audience: str = "sts.amazonaws.com") -> str:
    """Make the OIDC provider of *url* in *account*, as somebody else; tell its ARN."""
    with mock.patch.dict(os.environ, MOTO_ACCOUNT_ID=account):
        made = (
            boto3.Session()
            .client("iam")
            .create_open_id_connect_provider(
                Url=url, ClientIDList=[audience], ThumbprintList=["0" * 40]
            )
        )
        return made["OpenIDConnectProviderArn"]


def deploy(stack: Stack, *, aws: bool = True, state: Iterable[str] = ()) -> Run:
    """Run the program under mocks.

    Args:
        stack: the stack.
        aws: whether AWS is made as the stack needs it; else it is as the caller made it.
        state: URNs of what the state knows from an earlier run.

    Raises:
        ConfigError: the program refused the configuration.
    """
    monitor = _Monitor(state)
    values = {**stack.config, **stack.secrets}
    texts = {
        f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
    }
    runtime_config.set_all_config(texts, [f"{NAMESPACE}:{key}" for key in stack.secrets])
    mocks.set_mocks(
        monitor.mocks, project=NAMESPACE, stack=stack.name, preview=False, monitor=monitor
    )
    outputs: dict[str, object] = {}

    @mocks.test
    def run() -> None:
        root = get_root_resource()
        assert isinstance(root, RootStack)
        root.outputs.clear()  # of the stack before
        program.declare()
        outputs.update(root.outputs)

    with prepared(stack) if aws else nullcontext():
        run()
    assert not monitor.faults
    return Run(resources=monitor.seen, outputs=outputs)


def clear_text(value: object) -> Iterator[str]:
    """Yield every text in *value* that stands outside a secret's wrapper, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and _SECRET not in value:
        for key, inner in value.items():
            yield str(key)
            yield from clear_text(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from clear_text(inner)


def revealed(value: object) -> object:
    """*value* with each secret's wrapper opened."""
    if isinstance(value, dict):
        if _SECRET in value:
            return revealed(value["value"])
        return {key: revealed(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [revealed(inner) for inner in value]
    return value
