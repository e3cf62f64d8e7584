"""Causes: why checks did not pass, and what to do about it; a line for each cause, not each row.

The form is that of all our errors: ``<path>: <found>, <needed>[; <cure>]``. Pure: from the words
of an answer (:mod:`argo_artifacts.verify.answers`) and the names of the stack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access.grants import Credential
    from argo_artifacts.config.backends.minio import Minio

ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
"""Annotation of a service account with the role of its pods (IRSA)."""

UNREACHED: Final = "the server cannot be reached"
NO_NAME: Final = "the server's name does not resolve"
NO_AGENT: Final = "the pod finds no credentials of EKS Pod Identity"
NO_NODE: Final = "the pod finds no credentials of its node"
NO_IMAGE: Final = (
    "argo-artifacts:aws.verifier: missing, an image for pods is needed where only they have the"
    " identity; set aws.verifier.image to one that holds this program"
)

CONNECT_SECONDS: Final = 5
NO_ANSWER: Final = f"no connection within {CONNECT_SECONDS} s"
UNTRUSTED: Final = "its certificate is not trusted"
OTHER_NAME: Final = "its certificate is for another name"
OUT_OF_DATE: Final = "its certificate is not valid at this time"
NO_CA: Final = "the entry's CA is no certificate"
NO_TLS: Final = "the server speaks no TLS"
TLS_ALONE: Final = "the server speaks TLS alone"

Keeper = Literal["stack", "job", "settings", "others", "refresher", "node"]
"""Who keeps a tenant's keys or session: the stack makes user or role and Secret, the user by a Job
in the cluster or not; it writes keys out of its secret settings; somebody else keeps the Secret; a
CronJob keeps the session in it fresh; a machine has it, by a role that is not ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The names that a line needs."""

    server: str
    """Address that we reach, ``host:port``; on AWS the region."""

    bucket: str
    holder: str
    """``tenant/repository``, and the service account if it acts by itself."""

    secret: str
    """``namespace/name`` of the Secret with the keys."""

    ca: str
    """``namespace/name`` of the Secret with the server's CA; empty: there is none."""

    region: str
    keeper: Keeper
    managed: bool
    """Whether the stack makes the bucket."""

    kind: str = "minio"
    """What kind of server it is: ``minio``, ``S3`` or ``AWS`` (its other services)."""


def keeper_of(minio: Minio) -> Keeper:
    """Who keeps the keys of the tenants of *minio*."""
    if minio.server != "credentials":
        return "stack" if minio.provisioner is None else "job"
    return "settings" if minio.existing_secret is None else "others"


def where(credential: Credential, minio: Minio, server: str) -> Where:
    """The names around *credential*."""
    namespace = credential.secret.namespace
    return Where(
        server=server,
        bucket=credential.bucket,
        holder=f"{credential.tenant}/{credential.repository}",
        secret=f"{namespace}/{credential.secret.name}",
        ca="" if credential.ca_secret is None else f"{namespace}/{credential.ca_secret}",
        region=minio.region,
        keeper=keeper_of(minio),
        managed=minio.bucket.ownership != "use",
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    about: Literal["server", "bucket", "secret", "ca", "holder"]
    says: str
    """``<found>, <needed>``"""

    cure: str | Mapping[Keeper, str]


REFRESH: Final = "run `pulumi up --refresh`"
_AGAIN: Final = f"delete the Job that provisions and {REFRESH}"
_SETTINGS: Final = "correct it with `pulumi config set --secret` and run `pulumi up`"
_OTHERS: Final = "correct it where the Secret is kept"
_MAKE: Final = "make it, or correct bucket.name"
_FRESH: Final = "see the log of the CronJob that keeps it fresh"
_NODE: Final = "correct the policies of the node's role"

_ANEW: Final[Mapping[Keeper, str]] = {
    "stack": REFRESH,
    "job": _AGAIN,
    "settings": _SETTINGS,
    "others": _OTHERS,
    "node": "run verify again",
}

_ANSWERS: Final[Mapping[str, _Cause]] = {
    UNREACHED: _Cause(
        "server",
        "cannot be reached, a running server is needed",
        "start it, or correct endpoint or adminEndpoint",
    ),
    NO_NAME: _Cause(
        "server",
        "the name does not resolve, one that this machine resolves is needed",
        "correct the endpoint, or give an adminEndpoint where only pods resolve it",
    ),
    UNTRUSTED: _Cause(
        "server",
        "the certificate is not trusted, one of the authority in tls.ca is needed, or of a public"
        " one without tls.ca",
        "put the server's CA into tls.ca and run `pulumi up`",
    ),
    OTHER_NAME: _Cause(
        "server",
        "the certificate does not name this address, one that does is needed",
        "have it issued for the endpoint (a Service: <name>.<namespace>.svc) and the adminEndpoint",
    ),
    OUT_OF_DATE: _Cause(
        "server",
        "the certificate is not valid at this time, a valid one is needed",
        "renew it, or set the clock of this machine",
    ),
    NO_CA: _Cause("ca", "holds no certificate, the server's CA as PEM is needed", REFRESH),
    NO_TLS: _Cause(
        "server",
        "speaks no TLS, TLS is needed where the entry says so",
        "switch TLS on at the server, or set tls.enabled: false",
    ),
    TLS_ALONE: _Cause(
        "server",
        "speaks TLS alone, plain http was tried as tls.enabled: false says",
        "remove tls.enabled: false",
    ),
    "InvalidAccessKeyId": _Cause(
        "secret",
        "its access key is unknown to the server or disabled, the key of an enabled user is needed",
        {
            "stack": REFRESH,
            "job": _AGAIN,
            "settings": _SETTINGS,
            "others": _OTHERS,
            "refresher": _FRESH,
            "node": _NODE,
        },
    ),
    "SignatureDoesNotMatch": _Cause(
        "secret",
        "its secret key is wrong, the secret of its access key is needed",
        {
            "stack": f"{REFRESH}; if it stays wrong, publish a new key (keys)",
            "job": f"{REFRESH}; if it stays wrong, publish a new key (keys)",
            "settings": _SETTINGS,
            "others": _OTHERS,
            "refresher": _FRESH,
            "node": _NODE,
        },
    ),
    "NoSuchBucket": _Cause(
        "bucket",
        "does not exist, the bucket of the entry is needed",
        {
            "stack": REFRESH,
            "job": _AGAIN,
            "settings": _MAKE,
            "others": _MAKE,
            "refresher": REFRESH,
            "node": REFRESH,
        },
    ),
    "RequestTimeTooSkewed": _Cause(
        "server",
        "its clock and this machine's differ by more than 15 minutes, equal clocks are needed",
        "set both by NTP; signatures carry the time",
    ),
    "AuthorizationHeaderMalformed": _Cause(
        "server",
        "has another region than {region}, the server's own is needed",
        "correct region",
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "IllegalLocationConstraintException"),
        _Cause(
            "bucket",
            "is in another region than {region}, the bucket's own is needed",
            "correct region",
        ),
    ),
    "ExpiredToken": _Cause(
        "holder", "its session has expired, a fresh one is needed", {**_ANEW, "refresher": _FRESH}
    ),
    "InvalidToken": _Cause(
        "holder",
        "its session token is wrong, the one of its keys is needed",
        {**_ANEW, "refresher": _FRESH},
    ),
    "InvalidClientTokenId": _Cause(
        "holder",
        "AWS does not know its access key, the key of a user or session is needed",
        {**_ANEW, "refresher": _FRESH},
    ),
    "InvalidIdentityToken": _Cause(
        "holder",
        "AWS takes no token of this cluster, an OIDC provider of its issuer for the audience"
        " sts.amazonaws.com is needed",
        "set aws.oidcProvider: create, or correct cluster.oidc.issuer",
    ),
    NO_AGENT: _Cause(
        "holder",
        "its pods find no credentials of EKS Pod Identity, the add-on eks-pod-identity-agent and an"
        " association are needed",
        f"install the add-on, then {REFRESH}",
    ),
    NO_NODE: _Cause(
        "holder",
        "its pods find no credentials of their node, an instance profile and metadata that pods"
        " reach are needed",
        "give the nodes a role, and their metadata a hop limit of 2",
    ),
}

_WAY_THERE: Final = "a way from here is needed"
_NO_WAY_THERE: Final = _Cause(
    "server",
    f"cannot be reached, {_WAY_THERE}",
    "run verify where it is reachable, or set HTTPS_PROXY or AWS_ENDPOINT_URL",
)
_ON_AWS: Final[Mapping[str, _Cause]] = {
    UNREACHED: _NO_WAY_THERE,
    NO_NAME: replace(_NO_WAY_THERE, says=f"the name does not resolve, {_WAY_THERE}"),
    NO_ANSWER: replace(_NO_WAY_THERE, says=f"there was no connection in time, {_WAY_THERE}"),
    UNTRUSTED: replace(
        _NO_WAY_THERE,
        says="the certificate is not trusted, one of a public authority is needed",
        cure="put the CA of the proxy between into AWS_CA_BUNDLE",
    ),
}

_DENIED: Final = _Cause(
    "holder",
    "the store refuses what the plan grants, the rights that `argo-artifacts plan` shows are"
    " needed",
    {
        "stack": REFRESH,
        "job": _AGAIN,
        "settings": "give them to this key",
        "others": "give them to this key",
        "refresher": REFRESH,
        "node": _NODE,
    },
)
_TOO_WIDE: Final = _Cause(
    "holder",
    "the store allows what the plan refuses, no right beyond the plan is accepted",
    {
        "stack": f"{REFRESH}; what a group gives is taken away by hand",
        "job": f"{_AGAIN}; what a group gives is taken away by hand",
        "settings": "narrow the policy of this key",
        "others": "narrow the policy of this key",
        "refresher": f"{REFRESH}; what another policy gives is taken away by hand",
        "node": "narrow the policies of the node's role",
    },
)


def of_answer(said: str, names: Where) -> str:
    """The line for what a server said, or what happened on the way; empty: nothing is known."""
    cause = _ANSWERS.get(said)
    if names.kind != "minio":
        cause = _ON_AWS.get(said, cause)
    return "" if cause is None else _line(cause, names)


def of_denial(names: Where) -> str:
    """The line for a right that is missing."""
    return _line(_DENIED, names)


def of_excess(names: Where) -> str:
    """The line for a right that nobody granted."""
    return _line(_TOO_WIDE, names)


def of_pod(account: str, found: str) -> str:
    """The line for a service account of which no pod answered."""
    namespace = account.split("/", maxsplit=1)[0]
    return (
        f"ServiceAccount {account}: {found}, a pod of it that runs the image of aws.verifier is"
        f" needed; see `kubectl get events -n {namespace}`"
    )


def of_annotation(account: str, found: str, role: str) -> str:
    """The line for a service account whose pods do not ask for their role."""
    return (
        f"ServiceAccount {account}: {found}, the annotation {ROLE_ANNOTATION} with {role} is"
        " needed; run `pulumi up`, or set it where the service account is kept, and restart its"
        " pods"
    )


def of_config_map(namespace: str, found: str) -> str:
    """The line for a ConfigMap of repositories that is not as planned."""
    return (
        f"ConfigMap {namespace}/{REPOSITORIES_CONFIG_MAP}: {found}, what `pulumi up` writes is"
        f" needed; {REFRESH}"
    )


def of_cluster(found: str) -> str:
    """The line for a cluster that does not show what stands there."""
    return (
        f"cluster: {found}, a kubeconfig that may read the tenants' ConfigMaps and Secrets is"
        " needed; correct cluster.kubeconfig or cluster.context"
    )


def of_secret(place: str, found: str, keeper: Keeper) -> str:
    """The line for a Secret that does not hold what the entry names."""
    cure = "make it so where the Secret is kept, or correct existingSecret"
    return (
        f"Secret {place}: {found}, the Secret and the keys that the entry names are needed;"
        f" {cure if keeper == 'others' else _FRESH if keeper == 'refresher' else REFRESH}"
    )


def _line(cause: _Cause, names: Where) -> str:
    paths = {
        "server": f"{names.kind} {names.server}",
        "bucket": f"{names.kind} {names.server} bucket {names.bucket}",
        "secret": f"Secret {names.secret}",
        "ca": f"Secret {names.ca}",
        "holder": names.holder,
    }
    keeper = "others" if cause.about == "bucket" and not names.managed else names.keeper
    cure = cause.cure if isinstance(cause.cure, str) else cause.cure[keeper]
    return f"{paths[cause.about]}: {cause.says.format(region=names.region)}; {cure}"
