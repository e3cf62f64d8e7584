"""Matrix: which verb of which actor becomes which action, as the page ``docs/permissions.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from argo_artifacts.access.names import COLLECTOR, EXECUTOR, SECRET_READER
from argo_artifacts.access.words import VERBS
from argo_artifacts.documents import deployer, kubernetes, s3
from argo_artifacts.documents.aws import deployer as aws_deployer
from argo_artifacts.documents.aws import identity, kms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from argo_artifacts.documents.kubernetes import Rule

_HEAD: Final = """\
# Permissions

Made by `argo-artifacts permissions`; a test keeps it in step with the program.
What one stack really writes: `argo-artifacts plan --stack NAME` and `documents --stack NAME`.

`P` is the tenant's prefix, `<cluster>/<namespace>/`; `U` is `uploads/<namespace>/`."""

_VERBS: Final = """\
## Who has which verbs

| actor | service account | where | verbs | condition |
|---|---|---|---|---|
| executor | each of the tenant's `serviceAccounts` | `P` | list, read, write | not retired; \
read only: without write |
| executor | the same | `U` | list, read | `server.uploads`, not retired |
| collector | `collectorServiceAccount`, in every tenant | `P` | list, delete | `artifactGC`; \
not read only |
| server | argo-server's | `P` | list, read | `server.access: shared` |
| server | the same | `U` | list, read, write | `server.access: shared` and `server.uploads` |

Where one Secret serves several actors, each has the union: Argo knows one credential for an
entry. `plan` says so for each tenant and repository."""

_DENIED: Final = """\
Beside them each policy denies what a MinIO server would let through although nothing allows it:

* `admin:*`: a user could otherwise mint access keys for itself and change its own secret.
* `s3:DeleteObjectVersion` where `s3:DeleteObject` is allowed: that alone would remove older
  versions for good, and versioning would protect nothing.

Two more things need no right of their own there: `s3:ListBucket` lists versions too, and
`s3:GetObject` reads them."""

_AWS: Final = """\
The same actions, in the policy of each actor's own role (`irsa`, `podIdentity`), or in the one of
the tenant's user or role where the entry carries the identity. `P` is
`${aws:PrincipalTag/eks-cluster-name}/${aws:PrincipalTag/kubernetes-namespace}/` in the shared
roles of Pod Identity; argo-server's shared role reads below `<cluster>/`. An explicit Deny in the
bucket's policy refuses plain http and old TLS, whoever asks."""

_DEPLOYER: Final = """\
Least is not harmless: whoever may write policies and users on a server can give itself any right
there."""


_AWS_DEPLOYER: Final = """\
In AWS, in each account in which something is made; only what the stack needs of it is in the
document that `documents` prints. With `aws.permissionsBoundary` rights are given only to what it
bounds."""


_ROLES: Final = """\
Each Role stands in every tenant's namespace, with a RoleBinding of the same name."""

_CLUSTER_ROLE: Final = """\
In Kubernetes: create, delete, get, list, patch and watch on the kinds that the stack makes, and
the rights of executor and collector themselves, since Kubernetes lets nobody give what it lacks.
With `server: helm` also on what MinIO's chart makes: ConfigMap, Deployment, PersistentVolumeClaim,
Service, ServiceAccount and StatefulSet; update on Secrets, in which Helm keeps its revisions; and
list on ReplicaSets, by which it sees that the pods run. With a `provisioner` get, list and watch on
Pods, by which Pulumi sees how the Job ends."""


def markdown() -> str:
    """The whole page."""
    parts = [
        _HEAD,
        _VERBS,
        "## On a MinIO server",
        _table(("verb", "action", "on", "what Argo's driver does with it"), _minio()),
        _DENIED,
        "## On AWS S3",
        _AWS,
        _table(("verb", "action", "on", "who does what with it"), _aws()),
        "## In Kubernetes",
        _ROLES,
        _table(("role", "bound to", "resource", "verbs"), _kubernetes()),
        "## The one who runs `pulumi up`",
        _DEPLOYER,
        _table(("action on the MinIO server", "on", "what the program does with it"), _deployer()),
        _AWS_DEPLOYER,
        _table(("action in AWS", "on", "what the program does with it"), _aws_deployer()),
        _CLUSTER_ROLE,
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _minio() -> Iterable[tuple[str, ...]]:
    yield "list", f"`{s3.LIST}`", "the bucket, with a prefix below `P`", s3.WHY[s3.LIST]
    for verb in VERBS:
        for action in s3.OBJECT_ACTIONS[verb]:
            yield verb, f"`{action}`", "objects below `P`", s3.WHY[action]


def _aws() -> Iterable[tuple[str, ...]]:
    yield from _minio()
    for verb in VERBS:
        for action in kms.NEEDED[verb]:
            yield verb, f"`{action}`", "the store's own key, through S3", kms.WHY[action]
    for action, where in (
        (identity.ASSUME, "the roles of the tenant's entries"),
        (identity.TAG, "the same, from Pod Identity"),
        (identity.GET_DATA_ACCESS, "the S3 Access Grants instance"),
        (identity.LOCATE, "the bucket"),
    ):
        yield "", f"`{action}`", where, identity.WHY[action]


def _kubernetes() -> Iterable[tuple[str, ...]]:
    for role, bound, rules in (
        (EXECUTOR, "the executors", kubernetes.EXECUTOR),
        (COLLECTOR, "the collector", kubernetes.COLLECTOR),
        (SECRET_READER, "who reads for the UI", kubernetes.secret_reader(["the entries' Secrets"])),
        ("argo-refresh-…", "its refresher", kubernetes.refresher(["the one Secret"])),
    ):
        for rule in rules:
            yield f"`{role}`", bound, _resource(rule), ", ".join(rule["verbs"])


def _resource(rule: Rule) -> str:
    group = rule["apiGroups"][0]
    named = f", only {', '.join(rule['resourceNames'])}" if "resourceNames" in rule else ""
    return f"`{rule['resources'][0]}{f'.{group}' if group else ''}`{named}"


def _deployer() -> Iterable[tuple[str, ...]]:
    groups: tuple[tuple[Mapping[str, str], str], ...] = (
        (deployer.IDENTITIES, "the server"),
        (deployer.LISTING, "the server, with a `provisioner`"),
        (deployer.BUCKET_ADMIN, "the server, with a bucket of ours"),
        (deployer.BUCKET, "each bucket of ours"),
        (deployer.PURGE, "objects, with `forceDestroy`"),
        (deployer.CONTENT, "each bucket, also of others"),
        (deployer.VERIFY_OBJECTS, f"objects below `P{deployer.VERIFY_FOLDER}/`"),
    )
    for actions, where in groups:
        for action, why in sorted(actions.items()):
            yield f"`{action}`", where, why


def _aws_deployer() -> Iterable[tuple[str, ...]]:
    role = "roles `<path><cluster>.*`"
    groups: tuple[tuple[Mapping[str, str], str], ...] = (
        (aws_deployer.BUCKET, "each bucket of ours"),
        (aws_deployer.LOCK, "the bucket, with `objectLock`"),
        (aws_deployer.LOG, "the bucket, with `accessLog`"),
        (aws_deployer.PURGE, "objects, with `forceDestroy`"),
        (aws_deployer.PURGE_LISTING, "the bucket, with `forceDestroy`"),
        (aws_deployer.ROLE, role),
        (aws_deployer.ROLE_RIGHTS, role),
        (aws_deployer.ATTACH, role),
        (aws_deployer.POLICY, "policies `<path><cluster>.*`"),
        (aws_deployer.USER, "users `<path><cluster>.*`"),
        (aws_deployer.USER_RIGHTS, "users `<path><cluster>.*`"),
        (aws_deployer.PROVIDER, "the OIDC provider of ours"),
        (aws_deployer.CLUSTER, "the cluster in EKS"),
        (aws_deployer.AGENT, "the add-on of Pod Identity's agent"),
        (aws_deployer.ASSOCIATION, "its associations"),
        ({aws_deployer.HAND_OVER: "hands a role to EKS or to S3 Access Grants"}, role),
        (aws_deployer.KEY_MAKING, "any key, with our mark"),
        (aws_deployer.KEY_FINDING, "any key"),
        (kms.ADMINISTER, "keys with our mark"),
        (aws_deployer.GRANTS, "the S3 Access Grants instance, its locations and grants"),
        (aws_deployer.INSTANCE, "the instance of ours"),
    )
    for actions, where in groups:
        for action, why in sorted(actions.items()):
            yield f"`{action}`", where, why
