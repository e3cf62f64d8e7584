"""A world on AWS for literal calls: who gets which session, and what that session may do.

Everything said of a call is a literal; only the documents come from the product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from argo_artifacts.access.aws import ByPods
from argo_artifacts.documents.aws import bucket, identity, trust
from tests.unit.aws_stacks import on_aws
from tests.unit.iam import Context, Policies, Request, allowed, known

if TYPE_CHECKING:
    from argo_artifacts.access.aws import AwsRole

REGION = "eu-west-1"
ACCOUNT = "111122223333"
ELSEWHERE = "444455556666"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/A1B2C3"
OTHER_ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/D4E5F6"
EKS = "arn:aws:eks:eu-west-1:111122223333:cluster/prod-eu"
TWIN = "arn:aws:eks:us-east-1:111122223333:cluster/prod-eu"
"""Another cluster of the same name."""

OTHER = "arn:aws:eks:eu-west-1:111122223333:cluster/prod-us"
INSTANCE = "arn:aws:s3:eu-west-1:111122223333:access-grants/default"
KEY_ID = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
THROUGH_S3 = "through s3.eu-west-1.amazonaws.com"
THROUGH_EC2 = "through ec2.eu-west-1.amazonaws.com"
TLS = "TLS 1.3"


class Call(NamedTuple):
    """One call as a pod would make it."""

    verb: str
    key: str | None
    """Key of the object, or the prefix of a listing; None: the listing has no prefix."""

    bucket: str
    """Name of the bucket; of a call to KMS the key's alias, to S3 Access Grants the account."""

    subject: str
    """``namespace/name`` of the service account; of a user the tenant whose keys these are."""

    cluster: str = EKS
    """ARN of the cluster in which the pod runs, each with an issuer of its own; of S3 Access
    Grants the account in whose name it acts."""

    tag: str = ""
    """What the session says beside that: the audience of a token, a namespace other than the
    subject's, the instance of S3 Access Grants. Empty: what it usually is."""

    transport: str = TLS
    """``http``, a version of TLS, or the service through which KMS is called."""


@dataclass(frozen=True)
class Actor:
    """Whose documents are judged: an identity, and the role or user of one actor."""

    identity: str
    actor: str

    def __str__(self) -> str:
        return f"{self.identity}, {self.actor}"


REPOSITORY = {
    "bucket": {"name": "acme-artifacts"},
    "region": "eu-west-1",
    "encryption": {"kms": {"key": "alias/artifacts"}},
}
IDENTITIES: dict[str, dict] = {
    "irsa": {"identity": "irsa"},
    "podIdentity shared": {"identity": "podIdentity"},
    "podIdentity perTenant": {"identity": "podIdentity", "podIdentity": {"shape": "perTenant"}},
    "accessKeys": {"identity": "accessKeys"},
    "assumeRole by pods": {"identity": "assumeRole"},
    "assumeRole from podIdentity": {
        "identity": "assumeRole",
        "assumeRole": {"base": "podIdentity"},
    },
    "assumeRole by refresher": {"identity": "assumeRole", "assumeRole": {"by": "refresher"}},
    "accessGrants": {"identity": "accessGrants", "accessGrants": {"instance": "create"}},
    "node": {"identity": "node"},
}


@cache
def stack(name: str):
    """Settings and plan of the stack of an identity."""
    chosen = IDENTITIES[name]
    abroad = {"account": ELSEWHERE} if name == "assumeRole by pods" else {}
    assumed = {"assumeRole": {"roleARN": f"arn:aws:iam::{ELSEWHERE}:role/deployer"}}
    return on_aws(
        {
            "default": {"s3": REPOSITORY | chosen},
            "models": {
                "s3": {"bucket": {"name": "acme-models"}, "region": "eu-west-1"} | chosen,
                "sharedWith": ["team-a", "team-b"],
            },
        },
        cluster={
            "name": "prod-eu",
            "kubeconfig": "x",
            "eks": {"name": "prod-eu"} | (abroad | assumed if abroad else {}),
            "oidc": {"issuer": f"https://{ISSUER}"},
        },
        argo={"version": "4.1.0", "server": {"uploads": name != "accessGrants"}},
        tenants={
            "team-a": {"repositories": ["default", "models"]},
            "team-b": {"repositories": ["default", "models"], "artifactGC": False},
        },
    )


ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}
"""What an administrator may do."""

FOREIGN_KEY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:root"]},
            "Action": ["kms:*"],
            "Resource": ["*"],
        }
    ],
}
"""Key policy as AWS makes it: IAM policies decide."""

Documents = dict[str, dict]
"""The documents of ours that decide, by what they are."""

CHAINED = {"assumeRole by pods", "assumeRole from podIdentity"}
"""Identities whose pods go from their own role to the entry's."""

PURPOSES = dict.fromkeys([*CHAINED, "assumeRole by refresher"], "entry")
"""Whose role decides at the bucket, where it is not the actor's own."""


def documents(of: Actor) -> Documents:
    """Every document of ours that decides on the calls of *of*."""
    found: Documents = {
        f"bucket {name}": bucket.policy("aws", name, "1.2")
        for name in ("acme-artifacts", "acme-models")
    }
    if of.identity == "accessKeys":
        return found | {f"policy {r}": _user("team-a", r) for r in ("default", "models")}
    if of.identity in CHAINED:
        found |= _of_role("base ", _role(of, of.actor))
    if of.actor == "union" and of.identity == "accessGrants":
        return found | _of_role("grantee ", _role(of, "grantee"))
    purpose = PURPOSES.get(of.identity, of.actor)
    for repository in ("default", "models"):
        found |= _of_role(f"{repository} ", _role(of, purpose, repository))
    if not _apart(of):
        found = {name.removeprefix("default "): d for name, d in found.items()}
        found = {name: d for name, d in found.items() if not name.startswith("models ")}
    return found


def _apart(of: Actor) -> bool:
    """Whether each repository has a role of its own."""
    return of.identity in PURPOSES or of.actor == "location"


def _of_role(name: str, role: AwsRole) -> Documents:
    made, _ = next(s for s in map(stack, IDENTITIES) if s[1].aws and role in s[1].aws.roles)
    (policy,) = identity.policies(made, role)
    return {f"{name}trust": trust.trust(made, role), f"{name}policy": policy}


def _user(tenant: str, repository: str) -> dict:
    made, access = stack("accessKeys")
    (user,) = [
        user
        for user in access.aws.users
        if (user.tenant, user.reach.repository) == (tenant, repository)
    ]
    return identity.user_policy(made, user)


def _role(of: Actor, purpose: str, repository: str = "default") -> AwsRole:
    """The role for *purpose* that serves team-a."""
    _, access = stack(of.identity)
    found = [r for r in access.aws.roles if r.purpose == purpose and "team-a" in r.tenants]
    if purpose in ("entry", "grantee", "location"):
        found = [r for r in found if repository in r.name.split(".")]
    (role,) = found
    return role


def verdict(of: Actor, found: Documents, call: Call) -> bool:
    """Whether *call* goes through, with the documents *found*."""
    return all(allowed(policies, request) for policies, request in steps(of, found, call))


Step = tuple[Policies, Request]


def steps(of: Actor, found: Documents, call: Call) -> list[Step]:
    """Each step from the pod's token to the call itself: the policies, and what is asked."""
    repository = "models" if call.bucket == "acme-models" else "default"
    if of.identity == "accessKeys":
        user = f"arn:aws:iam::{ACCOUNT}:user/{call.subject}"
        policies = {"team-a": found[f"policy {repository}"], "team-b": _user("team-b", repository)}
        own = policies.get(call.subject)
        return [_call(found, call, user, Policies(identity=(own,) if own else ()))]
    if of.identity == "accessGrants" and of.actor == "union":
        return _granted(of, found, call)
    role = _role(of, PURPOSES.get(of.identity, of.actor), repository)
    name = f"{repository} " if _apart(of) else ""
    session = Policies(identity=(found[f"{name}policy"],))
    if of.actor == "location":
        asked = known({"aws:SourceArn": call.tag or INSTANCE, "aws:SourceAccount": call.cluster})
        before = _assumed(
            found[f"{name}trust"],
            role,
            call.subject,
            ["sts:AssumeRole", "sts:SetSourceIdentity"],
            asked,
        )
        return [*before, _call(found, call, role.arn, session)]
    if of.identity in CHAINED:
        return [
            *_from_pod(found, call, role, f"{name}trust", _role(of, of.actor)),
            _call(found, call, role.arn, session),
        ]
    if of.identity.startswith("podIdentity"):
        before, tags = _associated(found["trust"], role, call)
        return [*before, _call(found, call, role.arn, session, tags)]
    return [_token(found[f"{name}trust"], role, call), _call(found, call, role.arn, session)]


def _assumed(
    document: dict, role: AwsRole, service: str, actions: list[str], context: Context
) -> list[Step]:
    """A service assumes a role."""
    return [
        (
            Policies(resource=document, must=True),
            Request(principal=service, action=action, resource=role.arn, context=context),
        )
        for action in actions
    ]


def _tags(call: Call) -> tuple[Context, Context]:
    """What EKS asks for, and what the session then carries."""
    space, name = call.subject.split("/")
    tags = {
        "eks-cluster-arn": call.cluster,
        "eks-cluster-name": call.cluster.split("/")[1],
        "kubernetes-namespace": call.tag or space,
        "kubernetes-service-account": name,
    }
    asked = {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}
    return known(asked), known({f"aws:PrincipalTag/{tag}": value for tag, value in tags.items()})


def _token(document: dict, role: AwsRole, call: Call) -> Step:
    """The call that turns a service account's token into a session."""
    issuer = ISSUER if call.cluster == EKS else OTHER_ISSUER
    space, name = call.subject.split("/")
    said = {
        f"{issuer}:aud": call.tag or "sts.amazonaws.com",
        f"{issuer}:sub": f"system:serviceaccount:{space}:{name}",
    }
    request = Request(
        principal=f"arn:aws:iam::{role.account}:oidc-provider/{issuer}",
        action="sts:AssumeRoleWithWebIdentity",
        resource=role.arn,
        context=known(said),
    )
    return Policies(resource=document, must=True), request


def _from_pod(
    found: Documents, call: Call, role: AwsRole, trusted: str, base: AwsRole
) -> list[Step]:
    """From a token to the pod's own role, and from there to the role of the entry.

    The subject ``role/<name>`` is a role of the cluster's account that may do anything there.
    """
    actions, tags = ["sts:AssumeRole"], Context()
    before: list[Step] = []
    if isinstance(base.trust, ByPods):
        actions.append("sts:TagSession")
        before, tags = _associated(found["base trust"], base, call)
    elif not call.subject.startswith("role/"):
        before = [_token(found["base trust"], base, call)]
    own, principal = found["base policy"], base.arn
    if call.subject.startswith("role/"):
        own, principal = ANYTHING, f"arn:aws:iam::{base.account}:{call.subject}"
    context = tags | known({"aws:PrincipalArn": principal})
    policies = Policies(identity=(own,), resource=found[trusted], must=True)
    return [
        *before,
        *(
            (
                policies,
                Request(principal=principal, action=action, resource=role.arn, context=context),
            )
            for action in actions
        ),
    ]


def _associated(document: dict, role: AwsRole, call: Call) -> tuple[list[Step], Context]:
    """EKS assumes *role* for a pod, and the tags of the session."""
    if call.subject.startswith("role/"):
        return [], {}
    asked, tags = _tags(call)
    actions = ["sts:AssumeRole", "sts:TagSession"]
    return _assumed(document, role, "pods.eks.amazonaws.com", actions, asked), tags


def _granted(of: Actor, found: Documents, call: Call) -> list[Step]:
    """From a token to the role that may ask, to a grant's session, to the call itself."""
    before = [_token(found["grantee trust"], _role(of, "grantee"), call)]
    grantee = _role(of, "grantee").arn
    region, account = REGION, ACCOUNT
    if call.verb == "s3:GetDataAccess":
        region, account = str(call.key), call.bucket
    ask = Request(
        principal=grantee,
        action="s3:GetDataAccess",
        resource=f"arn:aws:s3:{region}:{account}:access-grants/default",
    )
    before.append((Policies(identity=(found["grantee policy"],)), ask))
    if call.verb == "s3:GetDataAccess":
        return before
    made, access = stack(of.identity)
    role = _role(of, "location")
    (policy,) = identity.policies(made, role)
    own = [g for g in access.aws.data_grants if g.grantee == grantee]
    after = Policies(identity=(policy,), session=_session(own))
    return [*before, _call(found, call, role.arn, after)]


def _session(grants) -> dict:
    """What S3 Access Grants makes of *grants*: the intersection with its location's role.

    S3 User Guide, "Request access to Amazon S3 data through S3 Access Grants".
    """
    actions = {
        "READ": ["s3:GetObject"],
        "WRITE": ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
    }
    statements = [{"Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"]}]
    for grant in grants:
        where = grant.scope.removeprefix("s3://").removesuffix("*") + grant.sub_prefix
        name, _, prefix = where.partition("/")
        words = ["READ", "WRITE"] if grant.permission == "READWRITE" else [grant.permission]
        statements += [
            {
                "Effect": "Allow",
                "Action": [action for word in words for action in actions[word]],
                "Resource": [f"arn:aws:s3:::{where}"],
            },
            {
                "Effect": "Allow",
                "Action": ["s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{name}"],
                "Condition": {"StringLike": {"s3:prefix": [prefix]}},
            },
        ]
    return {"Version": "2012-10-17", "Statement": statements}


def _call(
    found: Documents,
    call: Call,
    principal: str,
    session: Policies,
    tags: Context | None = None,
) -> Step:
    """The call itself, to KMS or S3."""
    context: Context = {}
    if call.verb.startswith("kms:"):
        context["kms:ResourceAliases"] = [call.bucket]
        if call.transport.startswith("through "):
            context["kms:ViaService"] = call.transport.removeprefix("through ")
        asked, arn = replace(session, resource=FOREIGN_KEY, must=True), KEY_ID
    else:
        listing = call.verb.startswith("s3:ListBucket")
        context["aws:SecureTransport"] = "false" if call.transport == "http" else "true"
        if call.transport != "http":
            context["s3:TlsVersion"] = call.transport.removeprefix("TLS ")
        if listing and call.key is not None:
            context["s3:prefix"] = call.key
        asked = replace(session, resource=found.get(f"bucket {call.bucket}"))
        arn = f"arn:aws:s3:::{call.bucket}" + ("" if listing else f"/{call.key}")
    whole = known(context) | (tags or {})
    return asked, Request(principal=principal, action=call.verb, resource=arn, context=whole)
