"""The stack files of AWS in the real engine: on the platform's cluster, and on moto's accounts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from argo_artifacts.access import plan
from argo_artifacts.access.aws_plan import bucket_of
from argo_artifacts.cli.documents import collect
from argo_artifacts.config import parse
from argo_artifacts.documents.aws.trust import AUDIENCE, issuer
from tests.engine.aws_acting import Place
from tests.engine.aws_double.iam import POLICIES
from tests.engine.aws_double.shelf import Shelf
from tests.engine.moto_server import ACCOUNT, REGION, Keys
from tests.engine.stack import NAMESPACE, EngineStack
from tests.harness import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access import AccessPlan
    from argo_artifacts.config import Settings
    from tests.engine.live import LiveCluster
    from tests.engine.moto_server import MotoServer
    from tools.local_platform.platform import LocalPlatform

PLUGINS: Final = {
    f"resource-aws-v{version('pulumi-aws')}": Path(__file__).parent
    / "aws_double"
    / "pulumi-resource-aws"
}
"""The provider double, under the name by which the engine looks for the real one."""

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview shows for a value that only the real run will know."""

SECRET: Final = "[secret]"

PROPERTIES: Final = {
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "kubernetes:core/v1:ConfigMap": "data",
    "kubernetes:rbac.authorization.k8s.io/v1:Role": "rules",
}
"""Of each type that carries a document: its property."""

_KINDS: Final = {
    "IAM trust policy": "aws:iam/role:Role",
    "IAM policy": "aws:iam/rolePolicy:RolePolicy",
    "IAM user policy": "aws:iam/userPolicy:UserPolicy",
    "Bucket policy": "aws:s3/bucketPolicy:BucketPolicy",
    "KMS key policy": "aws:kms/key:Key",
}
"""What ``documents`` calls them."""


def stack_names() -> list[str]:
    """The stacks on AWS."""
    files = (ROOT / "stacks").glob("Pulumi.aws-*.yaml")
    return sorted(file.stem.removeprefix("Pulumi.") for file in files)


def short(file: str) -> str:
    """Name of the stack of a file, short enough for names that hold it twice."""
    return "aws-" + "".join(word[0] for word in file.split("-")[1:])


@dataclass(frozen=True)
class AwsPlatform:
    """A cluster, AWS's accounts, and the provider double between them."""

    platform: LocalPlatform
    moto: MotoServer
    double: Path
    """Folder of the double."""

    def stack(
        self,
        name: str,
        *,
        folder: Path,
        vault: Mapping[str, object],
        account: str = ACCOUNT,
        passphrase: str | None = None,
    ) -> EngineStack:
        """Make a stack whose provider aws is the double.

        Args:
            name: Name of the stack.
            folder: Home, state and settings of the stacks of a passphrase.
            vault: Secrets in the form that the stack's settings take.
            account: The account that it is logged in to.
            passphrase: The passphrase; None: the one that the folder has, or gets.
        """
        variables = {**self.moto.variables(account), "AWS_DOUBLE": str(self.double)}
        if passphrase is not None:
            variables["PULUMI_CONFIG_PASSPHRASE"] = passphrase
        return EngineStack(
            self.platform,
            folder,
            name,
            vault,
            variables=variables,
            plugins=PLUGINS,
        )


def adapted(stack: EngineStack, file: str, **changes: object) -> dict[str, object]:
    """The settings of the stack's file, on the platform and under names of its own.

    Args:
        stack: The stack.
        file: Name of the stack file: ``aws-irsa``.
        changes: Further changes of the bucket.
    """
    text = (ROOT / "stacks" / f"Pulumi.{file}.yaml").read_text()
    written = yaml.safe_load(text)["config"]
    config = {key.removeprefix(f"{NAMESPACE}:"): value for key, value in written.items()}
    cluster = config["cluster"]
    cluster |= {"name": stack.name, "kubeconfig": str(stack.platform.kubeconfig)}
    if "eks" in cluster:
        cluster["eks"]["name"] = stack.name
    if "oidc" in cluster:
        cluster["oidc"]["issuer"] += f"/{stack.name}"
    argo = {"namespace": stack.space("argo"), "namespaceSettings": {"ownership": "create"}}
    config["argo"] |= argo
    for repository in config["repositories"].values():
        bucket = repository["s3"]["bucket"]
        bucket["name"] = bucket["name"].replace("acme", stack.name)
        if bucket.get("ownership", "create") == "create":
            bucket |= changes
        shared = repository.get("sharedWith")
        if shared:
            repository["sharedWith"] = [stack.space(tenant) for tenant in shared]
    config["tenants"] = {stack.space(name): value for name, value in config["tenants"].items()}
    return config


@dataclass(frozen=True)
class AwsStack:
    """A stack and what it is made from."""

    file: str
    """Name of its file: ``aws-irsa``."""

    stack: EngineStack
    on: AwsPlatform
    config: Mapping[str, object]
    digest: Mapping[str, list] = field(default_factory=dict)
    """What ``preview --json`` says on the empty state."""

    @cached_property
    def settings(self) -> Settings:
        """Its settings, as the program reads them."""
        return parse(dict(self.config), project=NAMESPACE, stack=self.stack.name, folder=Path("/"))

    @cached_property
    def plan(self) -> AccessPlan:
        """Its access plan."""
        return plan(self.settings)

    @cached_property
    def documents(self) -> dict[tuple[str, str], dict]:
        """What ``documents`` prints and AWS reads, by type and name of the resource."""
        found = {}
        for document in collect(self.settings, self.plan, None):
            handed_over = "handed over" in document.goes
            if document.kind in _KINDS and not handed_over:
                name = document.name
                if document.kind == "KMS key policy":
                    name = f"{name}@{REGION}"
                if "managed" in document.goes:
                    name = f"{name}.{document.goes.split(', ')[-1].split()[0]}"
                found[_KINDS[document.kind], name] = document.content
        return found

    @property
    def managed(self) -> set[str]:
        """Physical names of its own buckets."""
        return {store.bucket for store in self.plan.stores if store.managed}

    def place(self, tenant: str) -> Place:
        """Where the artifacts of a tenant's default repository lie."""
        prefix = self.plan.prefix(self.stack.space(tenant), "default")
        return Place(bucket_of(self.settings, "default", self.stack.space(tenant)), prefix)

    def previewed(self) -> dict[tuple[str, str], object]:
        """Every document property of the first preview, by type and name of the resource."""
        steps = [step["newState"] for step in self.digest["steps"] if step["op"] == "create"]
        return {
            (state["type"], state["urn"].rpartition("::")[2]): state["inputs"][
                PROPERTIES[state["type"]]
            ]
            for state in steps
            if state["type"] in PROPERTIES
        }

    def live(self) -> dict[tuple[str, str], dict]:
        """The same as :attr:`documents`, as it stands in the accounts."""
        return {place: self.standing(*place) for place in self.documents}

    def standing(self, kind: str, name: str) -> dict:
        """One of them, by type and name of its resource."""
        roles = self.plan.aws.roles if self.plan.aws else ()
        account = next((role.account for role in roles if role.name == name), ACCOUNT)
        admin = self.on.moto.admin(account)
        iam, s3 = self.on.moto.client("iam", admin), self.on.moto.client("s3", admin)
        match kind.rpartition(":")[2]:
            case "Role":
                return iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
            case "RolePolicy":
                names = iam.list_role_policies(RoleName=name)["PolicyNames"]
                if not names:  # one that moto does not take
                    (record,) = (
                        record
                        for key, record in Shelf(self.on.double).records(POLICIES).items()
                        if key.startswith(f"{account}/role/{name}:")
                    )
                    return json.loads(str(record["policy"]))
                (policy,) = names
                answer = iam.get_role_policy(RoleName=name, PolicyName=policy)
                return answer["PolicyDocument"]
            case "UserPolicy":
                (policy,) = iam.list_user_policies(UserName=name)["PolicyNames"]
                return iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
            case "BucketPolicy":
                return json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
            case "Key":
                kms = self.on.moto.client("kms", admin)
                alias = name.partition("@")[0]
                key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
                answer = kms.get_key_policy(KeyId=key, PolicyName="default")
                return json.loads(answer["Policy"])
        raise KeyError(kind)


@dataclass(frozen=True)
class Identity:
    """Somebody who acts on S3."""

    name: str
    purpose: str
    tenants: tuple[str, ...]
    keys: Keys


def identities(made: AwsStack, cluster: LiveCluster) -> list[Identity]:
    """Every role of a stack, assumed unasked, and the user of each Secret."""
    aws, moto = made.plan.aws, made.on.moto
    if aws is None:
        return []
    roles = [
        Identity(
            name=role.name,
            purpose=role.purpose,
            tenants=role.tenants,
            keys=moto.assume(role.arn, moto.admin(role.account)),
        )
        for role in aws.roles
    ]
    users = [
        Identity(
            name=credential.secret.name,
            purpose="entry",
            tenants=(credential.tenant,),
            keys=_keys(cluster, f"{credential.tenant}/{credential.secret.name}"),
        )
        for credential in made.plan.credentials
        if credential.users
    ]
    return [*roles, *users]


def _keys(cluster: LiveCluster, place: str) -> Keys:
    data = cluster.data("Secret", place)
    return Keys(data["accessKey"], data["secretKey"])


def prepare(moto: MotoServer, stack: EngineStack, config: Mapping[str, object]) -> None:
    """Make what others keep: the cluster with its agent, and the issuer's OIDC providers."""
    settings = parse(dict(config), project=NAMESPACE, stack=stack.name, folder=Path("/"))
    eks, made = settings.cluster.eks, plan(settings).aws
    if eks is not None:
        client = moto.client("eks", moto.admin(eks.account or ACCOUNT))
        client.create_cluster(
            name=eks.name,
            roleArn=f"arn:aws:iam::{eks.account or ACCOUNT}:role/eks",
            resourcesVpcConfig={"subnetIds": ["subnet-1"]},
        )
    if settings.aws is None or settings.aws.oidc_provider != "use" or made is None:
        return
    for account in made.provider_accounts:
        moto.client("iam", moto.admin(account)).create_open_id_connect_provider(
            Url=f"https://{issuer(settings)}", ClientIDList=[AUDIENCE]
        )
