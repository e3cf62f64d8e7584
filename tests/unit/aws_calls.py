"""Calls on AWS that an actor may make, and calls next to them that it may not: all literals."""

from __future__ import annotations

from tests.unit.aws_world import (
    ACCOUNT,
    ELSEWHERE,
    OTHER,
    THROUGH_EC2,
    THROUGH_S3,
    TWIN,
    Actor,
    Call,
)

GET, PUT, ABORT = "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"
DELETE, LIST = "s3:DeleteObject", "s3:ListBucket"
DECRYPT, GENERATE = "kms:Decrypt", "kms:GenerateDataKey"
ARTIFACTS, MODELS = "acme-artifacts", "acme-models"
OWN = "prod-eu/team-a/run-1/pod/out.tgz"
SHARED = "prod-eu/_shared/models/v1/weights"
UPLOAD = "uploads/team-a/uuid/file"

NEVER = (
    "s3:DeleteObjectVersion",
    "s3:GetObjectVersion",
    "s3:PutObjectAcl",
    "s3:PutObjectTagging",
    "s3:GetObjectAcl",
)
"""Verbs on an object that no actor has."""

PLACES = (
    "prod-eu/team-b/run-1/pod/out.tgz",
    "prod-eu/team-ab/out.tgz",
    "prod-us/team-a/run-1/pod/out.tgz",
    "team-a/out.tgz",
    "prod-eu/out.tgz",
    "prod-eu/team-?/out.tgz",
    "prod-eu/*/out.tgz",
)
"""Keys beside the tenant's own."""

LISTED = (
    "",
    "prod-eu/",
    "prod-eu/team-a",
    "prod-eu/team-ab/",
    "prod-eu/team-b/run-1/",
    "prod-us/team-a/",
    "uploads/",
    "uploads/team-b/",
    "*",
    None,
)
"""Prefixes of listings beside the tenant's own."""

Rows = list[Call]


class As:
    """Calls of one subject."""

    def __init__(self, subject: str) -> None:
        self.subject = subject

    def on(self, verb: str, key: str = OWN, bucket: str = ARTIFACTS, **more: str) -> Call:
        return Call(verb, key, bucket, self.subject, **more)

    def ls(
        self, prefix: str | None = "prod-eu/team-a/run-1/", bucket: str = ARTIFACTS, **more: str
    ) -> Call:
        return Call(LIST, prefix, bucket, self.subject, **more)

    def kms(self, verb: str, alias: str = "alias/artifacts", how: str = THROUGH_S3) -> Call:
        return Call(verb, None, alias, self.subject, transport=how)


def insecure(call: Call) -> Rows:
    """The same over transport that the bucket refuses."""
    return [call._replace(transport=t) for t in ("http", "TLS 1.1", "TLS 1.0")]


def by_others(call: Call, *subjects: str) -> Rows:
    return [call._replace(subject=subject) for subject in subjects]


def abroad(call: Call) -> Rows:
    """The same from pods of other clusters."""
    return [call._replace(cluster=cluster) for cluster in (OTHER, TWIN)]


def said(call: Call, *tags: str) -> Rows:
    return [call._replace(tag=tag) for tag in tags]


def reader(me: As) -> tuple[Rows, Rows]:
    """Rows of whoever reads the tenant's artifacts, and none of its neighbours'."""
    right = [
        me.on(GET),
        me.on(GET, UPLOAD),
        me.on(GET, SHARED, MODELS),
        me.ls(),
        me.ls("prod-eu/team-a/"),
        me.ls("uploads/team-a/uuid/"),
        me.ls("prod-eu/_shared/models/v1/", MODELS),
        me.kms(DECRYPT),
    ]
    wrong = [
        *(me.on(GET, key) for key in PLACES),
        me.on(GET, "uploads/team-b/uuid/file"),
        me.on(GET, bucket="other"),
        me.on(GET, SHARED, ARTIFACTS),
        me.on(GET, "prod-eu/_shared/other/v1/weights", MODELS),
        *(me.ls(prefix) for prefix in LISTED),
        me.ls(bucket="other"),
        me.ls("prod-eu/_shared/", MODELS),
        me.ls("", MODELS),
        me.ls("prod-us/_shared/models/", MODELS),
        me.ls(None, MODELS),
        *(me.on(verb) for verb in NEVER),
        me.ls()._replace(verb="s3:ListBucketVersions"),
        me.ls()._replace(verb="s3:ListBucketMultipartUploads"),
        *insecure(me.on(GET)),
        *insecure(me.ls()),
        *insecure(me.on(GET, SHARED, MODELS)),
        *insecure(me.ls("prod-eu/_shared/models/v1/", MODELS)),
        me.kms(DECRYPT, "alias/other"),
        me.kms(DECRYPT, how=THROUGH_EC2),
        me.kms(DECRYPT, how="directly"),
        me.kms("kms:Encrypt"),
        me.kms("kms:ReEncryptFrom"),
        me.kms("kms:CreateGrant"),
    ]
    return right, wrong


def executor(me: As) -> tuple[Rows, Rows]:
    right, wrong = reader(me)
    right += [me.on(PUT), me.on(ABORT), me.on(PUT, "prod-eu/team-a/x"), me.kms(GENERATE)]
    wrong += [
        me.on(DELETE),
        me.on(PUT, UPLOAD),
        me.on(DELETE, UPLOAD),
        me.on(PUT, SHARED, MODELS),
        *(me.on(PUT, key) for key in PLACES),
        *(me.on(ABORT, key) for key in PLACES),
        me.on(PUT, bucket="other"),
        *insecure(me.on(PUT)),
        me.kms(GENERATE, how=THROUGH_EC2),
        me.kms(GENERATE, "alias/other"),
    ]
    return right, wrong


def collector(me: As) -> tuple[Rows, Rows]:
    right = [
        me.on(DELETE),
        me.on(DELETE, "prod-eu/team-a/x"),
        me.on(DELETE, "prod-eu/team-a/run-1/"),
        me.ls(),
        me.ls("prod-eu/team-a/"),
        me.ls("prod-eu/team-a/run-2/"),
    ]
    wrong = [
        me.on(GET),
        me.on(PUT),
        me.on(ABORT),
        *(me.on(verb) for verb in NEVER),
        *(me.on(DELETE, key) for key in PLACES),
        me.on(DELETE, UPLOAD),
        me.on(DELETE, bucket="other"),
        me.on(DELETE, bucket=MODELS),
        *(me.ls(prefix) for prefix in LISTED),
        me.ls("uploads/team-a/uuid/"),
        me.ls(bucket="other"),
        *insecure(me.on(DELETE)),
        *insecure(me.ls()),
    ]
    return right, wrong


def server(me: As, *, shared: bool = False) -> tuple[Rows, Rows]:
    """argo-server reads every tenant that it shows, and writes what is uploaded."""
    right, wrong = reader(me)
    shown = [
        me.on(GET, "prod-eu/team-b/run-1/pod/out.tgz"),
        me.on(GET, "uploads/team-b/uuid/file"),
        me.ls("prod-eu/team-b/run-1/"),
        me.ls("uploads/team-b/"),
    ]
    if shared:  # everything below the cluster and below uploads/
        shown += [
            me.on(GET, "prod-eu/team-ab/out.tgz"),
            me.on(GET, "prod-eu/out.tgz"),
            me.on(GET, "prod-eu/team-?/out.tgz"),
            me.on(GET, "prod-eu/*/out.tgz"),
            me.on(GET, "prod-eu/_shared/other/v1/weights", MODELS),
            me.on(GET, SHARED, ARTIFACTS),
            me.ls("prod-eu/"),
            me.ls("prod-eu/team-a"),
            me.ls("prod-eu/team-ab/"),
            me.ls("uploads/"),
            me.ls("prod-eu/_shared/", MODELS),
        ]
    right += [
        *shown,
        me.on(PUT, UPLOAD),
        me.on(ABORT, UPLOAD),
        me.on(PUT, "uploads/team-b/uuid/file"),
        me.kms(GENERATE),
    ]
    wrong = [call for call in wrong if call not in shown]
    wrong += [
        me.on(PUT),
        me.on(ABORT),
        me.on(DELETE),
        me.on(DELETE, UPLOAD),
        me.on(PUT, SHARED, MODELS),
        me.on(PUT, "prod-eu/team-b/run-1/pod/out.tgz"),
        me.on(PUT, "uploads", ARTIFACTS),
        me.kms(GENERATE, how=THROUGH_EC2),
    ]
    return right, wrong


def union(me: As) -> tuple[Rows, Rows]:
    """Executor, collector and server of one tenant as one: the entry carries the identity."""
    right, wrong = reader(me)
    right += [
        me.on(PUT),
        me.on(ABORT),
        me.on(DELETE),
        me.on(PUT, UPLOAD),
        me.on(ABORT, UPLOAD),
        me.kms(GENERATE),
    ]
    wrong += [
        *(me.on(verb, key) for verb in (PUT, ABORT, DELETE) for key in PLACES),
        me.on(DELETE, UPLOAD),
        me.on(PUT, "uploads/team-b/uuid/file"),
        me.on(PUT, SHARED, MODELS),
        me.on(DELETE, SHARED, MODELS),
        me.on(DELETE, bucket="other"),
        *insecure(me.on(PUT)),
        *insecure(me.on(DELETE)),
        me.kms(GENERATE, how=THROUGH_EC2),
    ]
    return right, wrong


def _with(rows: tuple[Rows, Rows], *more: Rows) -> tuple[Rows, Rows]:
    right, wrong = rows
    return right, [*wrong, *(call for some in more for call in some)]


WORKFLOW, GC, UI = As("team-a/workflow"), As("team-a/artifact-gc"), As("argo/argo-server")
KEEPER = As("argo/argo-refresh-3f4ee208-team-a-default")


def token(rows: tuple[Rows, Rows], *others: str) -> tuple[Rows, Rows]:
    """Rows of a role that is assumed with a service account's token."""
    more: Rows = []
    for name in (ARTIFACTS, MODELS):
        for first in [call for call in rows[0] if call.bucket == name][:1]:
            more += [
                *by_others(first, *others, "team-b/workflow", "team-a/other"),
                *by_others(first, "kube-system/default"),
                *abroad(first),
                *said(first, "kubernetes.default.svc", "sts.amazonaws.com.cn"),
            ]
    return _with(rows, more)


def pods(
    rows: tuple[Rows, Rows],
    subjects: tuple[str, ...],
    tags: tuple[str, ...],
    buckets: tuple[str, ...] = (ARTIFACTS, MODELS),
) -> tuple[Rows, Rows]:
    """Rows of a role that EKS assumes for pods; *buckets* where it tells them apart."""
    more: Rows = []
    for name in buckets:
        for first in [call for call in rows[0] if call.bucket == name][:1]:
            more += [*by_others(first, *subjects), *abroad(first), *said(first, *tags)]
    return _with(rows, more)


def asking(rows: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
    """Rows of a grant: its refresher asks S3 Access Grants first, by region and account."""
    right, wrong = rows
    first = Call("s3:GetDataAccess", "eu-west-1", ACCOUNT, KEEPER.subject)
    others = [first._replace(key="us-east-1"), first._replace(bucket=ELSEWHERE)]
    more = [
        *by_others(first, "team-b/workflow", "argo/argo-server"),
        *abroad(first),
        *said(first, "kubernetes.default.svc"),
    ]
    return [*right, first], [*wrong, *others, *more]


def in_default(rows: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
    """*rows* without those in the other repository, whose refresher is another one."""
    right, wrong = rows
    return [c for c in right if c.bucket != MODELS], [c for c in wrong if c.bucket != MODELS]


def without_uploads(rows: tuple[Rows, Rows]) -> tuple[Rows, Rows]:
    """*rows* where nobody uploads in the UI: a Secret holds the credentials of one grant."""
    right, wrong = rows
    uploads = [call for call in right if (call.key or "").startswith("uploads/")]
    return [call for call in right if call not in uploads], [*wrong, *uploads]


def location() -> tuple[Rows, Rows]:
    me = As("access-grants.s3.amazonaws.com")
    right, wrong = without_uploads(union(me))
    both = [
        me.on(GET, "prod-eu/team-b/run-1/pod/out.tgz"),
        me.on(PUT, "prod-eu/team-b/run-1/pod/out.tgz"),
        me.on(ABORT, "prod-eu/team-b/run-1/pod/out.tgz"),
        me.ls("prod-eu/team-b/run-1/"),
    ]
    right = [call._replace(cluster=ACCOUNT) for call in [*right, *both]]
    wrong = [call._replace(cluster=ACCOUNT) for call in wrong if call not in both]
    others: Rows = []
    for first in (right[0], next(call for call in right if call.bucket == MODELS)):
        others += [
            *by_others(first, "ec2.amazonaws.com", f"arn:aws:iam::{ACCOUNT}:root"),
            first._replace(cluster=ELSEWHERE),
            *said(
                first,
                "arn:aws:s3:us-east-1:111122223333:access-grants/default",
                "arn:aws:s3:eu-west-1:444455556666:access-grants/default",
            ),
        ]
    return right, [*wrong, *others]


TABLE: dict[Actor, tuple[Rows, Rows]] = {
    Actor("irsa", "executor"): token(executor(WORKFLOW), "team-a/artifact-gc", "argo/argo-server"),
    Actor("irsa", "collector"): token(collector(GC), "team-a/workflow", "argo/argo-server"),
    Actor("irsa", "server"): token(server(UI), "team-a/workflow", "argo/workflow"),
    Actor("podIdentity shared", "executor"): pods(
        executor(WORKFLOW),
        ("team-b/workflow", "argo/argo-server"),
        ("team-b", "*", "team-?"),
        (ARTIFACTS,),  # a shared prefix is no namespace's: the association is the trust
    ),
    Actor("podIdentity shared", "collector"): pods(
        collector(GC),
        ("team-b/artifact-gc", "team-a/workflow", "team-a/other"),
        ("team-b", "*", "team-?"),
    ),
    Actor("podIdentity shared", "server"): pods(
        server(UI, shared=True),
        ("argo/other", "team-a/argo-server", "team-a/workflow"),
        ("team-a", "*"),
    ),
    Actor("podIdentity perTenant", "executor"): pods(
        executor(WORKFLOW),
        ("team-b/workflow", "team-a/artifact-gc", "team-a/other", "argo/argo-server"),
        ("team-b", "*"),
    ),
    Actor("podIdentity perTenant", "collector"): pods(
        collector(GC), ("team-b/artifact-gc", "team-a/workflow", "team-a/other"), ("team-b", "*")
    ),
    Actor("podIdentity perTenant", "server"): pods(
        server(UI), ("argo/other", "team-a/argo-server", "team-a/workflow"), ("team-a", "*")
    ),
    Actor("accessKeys", "union"): _with(
        union(As("team-a")),
        by_others(As("team-a").on(GET), "team-b", "nobody"),
        by_others(As("team-a").on(GET, SHARED, MODELS), "nobody"),
    ),
    Actor("assumeRole by pods", "executor"): token(
        union(WORKFLOW), "team-a/artifact-gc", "argo/argo-server", "role/admin"
    ),
    Actor("assumeRole by pods", "collector"): token(
        in_default(union(GC)), "team-a/workflow", "role/admin"
    ),
    Actor("assumeRole by pods", "server"): token(union(UI), "team-a/workflow", "role/admin"),
    Actor("assumeRole from podIdentity", "executor"): pods(
        union(WORKFLOW), ("team-b/workflow", "team-a/artifact-gc", "role/admin"), ("team-b", "*")
    ),
    Actor("assumeRole from podIdentity", "collector"): pods(
        in_default(union(GC)), ("team-b/artifact-gc", "team-a/workflow", "role/admin"), ("team-b",)
    ),
    Actor("assumeRole from podIdentity", "server"): pods(
        union(UI), ("argo/other", "team-a/argo-server", "role/admin"), ("team-a", "*")
    ),
    Actor("assumeRole by refresher", "union"): token(
        in_default(union(KEEPER)), "team-a/workflow", "argo/argo-server", "argo/argo-refresh"
    ),
    Actor("accessGrants", "union"): asking(
        token(without_uploads(in_default(union(KEEPER))), "team-a/workflow", "argo/argo-server")
    ),
    Actor("accessGrants", "location"): location(),
}
"""What each role or user of an identity may do, and what it may not."""
