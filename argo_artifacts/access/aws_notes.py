"""Notes of AWS: what its identities mean, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.grants import Note
from argo_artifacts.access.names import ROLE_ARN
from argo_artifacts.access.refreshers import EVERY_MINUTES, transfer_minutes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from argo_artifacts.access.aws import AwsPlan
    from argo_artifacts.config.aws import Refresher
    from argo_artifacts.config.backends.s3 import S3
    from argo_artifacts.config.settings import Settings


def aws_notes(settings: Settings, aws: AwsPlan | None) -> Iterator[Note]:
    """Say what the grants on S3 alone do not show."""
    yield from _annotations(settings, aws)
    stores = {n: r.s3 for n, r in sorted(settings.repositories.items()) if r.s3 is not None}
    for name, s3 in stores.items():
        yield from _of_identity(name, s3)
        if s3.refreshed and settings.aws is not None and settings.aws.refresher is not None:
            yield _fresh(name, settings.aws.refresher, settings.argo.namespace)
    own = [name for name, s3 in stores.items() if s3.ambient in ("irsa", "podIdentity")]
    if own and settings.argo.server.access == "shared":
        every = any(s3.shape == "shared" for s3 in stores.values())
        yield Note(
            topic="boundary",
            about="argo-server",
            text="the UI opens whatever location a Workflow names with argo-server's own role:"
            " whoever may write Workflows in one namespace can make it show"
            + (" everything below the cluster's prefix" if every else " every prefix it may read")
            + "; access none, or one argo-server for each trust domain, closes that",
        )


def _annotations(settings: Settings, aws: AwsPlan | None) -> Iterator[Note]:
    """What others must write on service accounts that are theirs."""
    for role in aws.roles if aws else ():
        if role.purpose not in ("executor", "collector", "server"):
            continue
        for subject in role.trust.subjects if isinstance(role.trust, ByServiceAccounts) else ():
            tenant = settings.tenants.get(subject.namespace)
            ours = tenant is not None and tenant.service_account_ownership != "use"
            if role.purpose != "server" and ours:
                continue
            yield Note(
                topic="trust",
                about=str(subject),
                text="its service account is not ours, whoever keeps it gives it the role:"
                f" `kubectl annotate serviceaccount {subject.name} -n {subject.namespace}"
                f" {ROLE_ARN}={role.arn}`"
                + (
                    ", then restarts argo-server; `values` gives it to Helm's"
                    if role.purpose == "server"
                    else ""
                ),
            )


def _fresh(name: str, chosen: Refresher, namespace: str) -> Note:
    return Note(
        topic="keys",
        about=name,
        text=f"credentials of {chosen.session_hours} h that a CronJob in {namespace} renews every"
        f" {EVERY_MINUTES} minutes: one transfer may last {transfer_minutes(chosen)} minutes at"
        " least; whoever reads the Secret has them until they end",
    )


def _of_identity(name: str, s3: S3) -> Iterator[Note]:
    if s3.ambient == "podIdentity":
        yield Note(
            topic="trust",
            about=name,
            text="the association is the trust: whoever may call eks:CreatePodIdentityAssociation"
            " and iam:PassRole can give these roles to any service account of the cluster"
            + (
                ", and then reaches the prefix of that service account's namespace and the"
                " shared ones of the role"
                if s3.shape == "shared"
                else ", where the role's own trust names it"
            ),
        )
    if s3.identity == "node":
        yield Note(
            topic="boundary",
            about=name,
            text="nothing is granted to pods: whatever the role of a node may do, every pod on"
            " that node may do, in every namespace; nothing isolates the tenants here",
        )
    if s3.identity == "assumeRole":
        yield Note(
            topic="union",
            about=name,
            text="one role for each tenant serves executor, collector and server: each may do what"
            " any of them may (Argo knows one identity for an entry)",
        )
    if s3.identity == "accessGrants":
        yield Note(
            topic="union",
            about=name,
            text="one grant for each prefix serves executor, collector and server; it deletes"
            " wherever it writes and the location's role may delete, which is where any tenant's"
            " artifacts are collected",
        )
    lock = s3.bucket.object_lock
    if lock is not None:
        yield Note(
            topic="collection",
            about=name,
            text=f"object lock ({lock.mode}): garbage collection only hides what it deletes, each"
            f" version stays and is paid for {lock.days} days"
            + ("; nobody can end that" if lock.mode == "COMPLIANCE" else ""),
        )
    kms = s3.encryption.kms
    if kms is not None and kms.ownership == "use":
        yield Note(
            topic="keys",
            about=name,
            text=f"the policy of the key {kms.key} is kept by whoever made it; it must let IAM"
            " policies of this account decide",
        )
