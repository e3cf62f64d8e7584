"""Kubernetes: what each actor may do through the API server, and how its pods get a cloud's role.

Executor and collector by Argo's ``docs/workflow-rbac.md`` and ``docs/walk-through/artifacts.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from argo_artifacts.access.aws import ByServiceAccounts
from argo_artifacts.access.names import ROLE_ARN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from argo_artifacts.access.grants import AccessPlan, Role
    from argo_artifacts.access.words import Subject


Rule = dict[str, list[str]]

EXECUTOR: Final[tuple[Rule, ...]] = (
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflowtaskresults"],
        "verbs": ["create", "patch"],
    },
)
"""The executor reports results; Secrets are mounted by the kubelet, so it reads none."""

COLLECTOR: Final[tuple[Rule, ...]] = (
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflowartifactgctasks"],
        "verbs": ["list", "watch"],
    },
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflowartifactgctasks/status"],
        "verbs": ["patch"],
    },
)
"""The garbage collection pod reads its tasks and reports on them."""


def secret_reader(secrets: Iterable[str]) -> tuple[Rule, ...]:
    """Reading exactly the Secrets that the entries of a namespace name."""
    names = sorted(set(secrets))
    if not names:
        return ()
    return (
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["get"]},
    )


def refresher(secrets: Iterable[str]) -> tuple[Rule, ...]:
    """Keeping exactly the named Secrets fresh; Pulumi makes them, without data."""
    return (
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": sorted(set(secrets)),
            "verbs": ["get", "patch"],
        },
    )


def rules(role: Role) -> tuple[Rule, ...]:
    """The rules of *role*."""
    match role.purpose:
        case "executor":
            return EXECUTOR
        case "collector":
            return COLLECTOR
        case "secrets":
            return secret_reader(role.secrets)
        case "refresher":
            return refresher(role.secrets)
        case _:
            assert_never(role.purpose)


def role_annotations(plan: AccessPlan, subject: Subject) -> dict[str, str]:
    """What the service account *subject* must carry so that its pods get their identity."""
    role = None if plan.aws is None else plan.aws.role_of(subject)
    if role is None or not isinstance(role.trust, ByServiceAccounts):
        return {}
    return {ROLE_ARN: role.arn}
