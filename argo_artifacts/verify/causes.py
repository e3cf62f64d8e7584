"""Causes: why checks did not pass, and what to do about it; a line for each cause, not each row.

The form is that of all our errors: ``<path>: <found>, <needed>[; <cure>]``. Pure: from the words
of an answer (:mod:`argo_artifacts.verify.answers`) and the names of the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from argo_artifacts.access.names import REPOSITORIES_CONFIG_MAP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.access.grants import Credential
    from argo_artifacts.config.backends.minio import Minio

UNREACHED: Final = "the server cannot be reached"
NO_NAME: Final = "the server's name does not resolve"
UNTRUSTED: Final = "its certificate is not trusted"
OTHER_NAME: Final = "its certificate is for another name"
OUT_OF_DATE: Final = "its certificate is not valid at this time"
NO_CA: Final = "the entry's CA is no certificate"
NO_TLS: Final = "the server speaks no TLS"
TLS_ALONE: Final = "the server speaks TLS alone"

Keeper = Literal["stack", "job", "settings", "others"]
"""Who keeps a tenant's keys: the stack makes user and Secret, the user by a Job in the cluster or
not; it writes keys out of its secret settings; somebody else keeps the Secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The names that a line needs."""

    server: str
    """Address that we reach, ``host:port``."""

    bucket: str
    holder: str
    """``tenant/repository``."""

    secret: str
    """``namespace/name`` of the Secret with the keys."""

    ca: str
    """``namespace/name`` of the Secret with the server's CA; empty: there is none."""

    region: str
    keeper: Keeper
    managed: bool
    """Whether the stack makes the bucket."""


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


_REFRESH: Final = "run `pulumi up --refresh`"
_AGAIN: Final = f"delete the Job that provisions and {_REFRESH}"
_SETTINGS: Final = "correct it with `pulumi config set --secret` and run `pulumi up`"
_OTHERS: Final = "correct it where the Secret is kept"
_MAKE: Final = "make it, or correct bucket.name"

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
    NO_CA: _Cause("ca", "holds no certificate, the server's CA as PEM is needed", _REFRESH),
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
        {"stack": _REFRESH, "job": _AGAIN, "settings": _SETTINGS, "others": _OTHERS},
    ),
    "SignatureDoesNotMatch": _Cause(
        "secret",
        "its secret key is wrong, the secret of its access key is needed",
        {
            "stack": f"{_REFRESH}; if it stays wrong, publish a new key (keys)",
            "job": f"{_REFRESH}; if it stays wrong, publish a new key (keys)",
            "settings": _SETTINGS,
            "others": _OTHERS,
        },
    ),
    "NoSuchBucket": _Cause(
        "bucket",
        "does not exist, the bucket of the entry is needed",
        {
            "stack": _REFRESH,
            "job": _AGAIN,
            "settings": _MAKE,
            "others": _MAKE,
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
}

_DENIED: Final = _Cause(
    "holder",
    "the store refuses what the plan grants, the rights that `argo-artifacts plan` shows are"
    " needed",
    {
        "stack": _REFRESH,
        "job": _AGAIN,
        "settings": "give them to this key",
        "others": "give them to this key",
    },
)
_TOO_WIDE: Final = _Cause(
    "holder",
    "the store allows what the plan refuses, no right beyond the plan is accepted",
    {
        "stack": f"{_REFRESH}; what a group gives is taken away by hand",
        "job": f"{_AGAIN}; what a group gives is taken away by hand",
        "settings": "narrow the policy of this key",
        "others": "narrow the policy of this key",
    },
)


def of_answer(said: str, names: Where) -> str:
    """The line for what a server said, or what happened on the way; empty: nothing is known."""
    cause = _ANSWERS.get(said)
    return "" if cause is None else _line(cause, names)


def of_denial(names: Where) -> str:
    """The line for a right that is missing."""
    return _line(_DENIED, names)


def of_excess(names: Where) -> str:
    """The line for a right that nobody granted."""
    return _line(_TOO_WIDE, names)


def of_config_map(namespace: str, found: str) -> str:
    """The line for a ConfigMap of repositories that is not as planned."""
    return (
        f"ConfigMap {namespace}/{REPOSITORIES_CONFIG_MAP}: {found}, what `pulumi up` writes is"
        f" needed; {_REFRESH}"
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
        f" {cure if keeper == 'others' else _REFRESH}"
    )


def _line(cause: _Cause, names: Where) -> str:
    paths = {
        "server": f"minio {names.server}",
        "bucket": f"minio {names.server} bucket {names.bucket}",
        "secret": f"Secret {names.secret}",
        "ca": f"Secret {names.ca}",
        "holder": names.holder,
    }
    keeper = "others" if cause.about == "bucket" and not names.managed else names.keeper
    cure = cause.cure if isinstance(cause.cure, str) else cause.cure[keeper]
    return f"{paths[cause.about]}: {cause.says.format(region=names.region)}; {cure}"
