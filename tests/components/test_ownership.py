"""The guard before each create: what it refuses, and what it says to the one who reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pulumi
import pytest
from lightkube.core.exceptions import ApiError
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources import core_v1
from pulumi.resource_hooks import ResourceHookArgs
from pulumi.runtime import mocks

from argo_artifacts.access.names import OWNER_MARK
from components.kubernetes.ownership import OwnerGuard
from tests.components.small import stack
from tests.harness import deploy

if TYPE_CHECKING:
    from pathlib import Path

    from argo_artifacts.config.tenants import Ownership

OWNER = "argo-artifacts/mine"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"


class Live:
    """A cluster that gives one answer."""

    def __init__(self, answer: ObjectMeta | Exception) -> None:
        self._answer = answer

    def get(self, kind: type, name: str, namespace: str | None = None) -> object:
        del kind, name, namespace
        if isinstance(self._answer, Exception):
            raise self._answer
        return core_v1.ConfigMap(metadata=self._answer)


def status(code: int, reason: str) -> ApiError:
    request = httpx.Request("GET", "https://127.0.0.1:1")
    body = {"code": code, "reason": reason, "status": "Failure", "message": reason}
    return ApiError(request, httpx.Response(code, json=body, request=request))


def guarded(
    answer: ObjectMeta | Exception, kind: str = CONFIG_MAP, ownership: Ownership = "create"
) -> str | None:
    """Ask the guard about an object that lives as *answer* says; its line, or None."""
    metadata = (
        {"name": "x"} if kind.endswith(":Namespace") else {"name": "x", "namespace": "team-a"}
    )
    said: list[str | None] = []

    @mocks.test
    def run() -> None:
        guard = OwnerGuard(OWNER, Live(answer))  # the guard calls get alone
        binding = guard.hooks(ownership)
        assert binding is not None
        (hook,) = binding.before_create
        assert hook.opts.on_dry_run
        try:
            hook(ResourceHookArgs("urn", "", "x", kind, new_inputs={"metadata": metadata}))
        except pulumi.RunError as error:
            said.append(str(error))
        else:
            said.append(None)

    monitor = mocks.MockMonitor(_NoResources())
    mocks.set_mocks(monitor.mocks, preview=False, monitor=monitor)
    run()
    (line,) = said
    return line


class _NoResources(mocks.Mocks):
    def new_resource(self, args):
        raise NotImplementedError(args.typ)

    def call(self, args):
        raise NotImplementedError(args.token)


def test_what_is_not_there_or_is_ours_may_be_created():
    assert guarded(status(404, "NotFound")) is None
    assert guarded(ObjectMeta(annotations={OWNER_MARK: OWNER})) is None


@pytest.mark.parametrize("metadata", [ObjectMeta(), ObjectMeta(annotations={"other": "x"})])
def test_what_has_no_mark_is_refused_with_the_command_that_hands_it_over(metadata):
    assert guarded(metadata) == (
        "ConfigMap team-a/x: exists without a mark, none or one marked argo-artifacts/mine is"
        " accepted; remove it, or hand it over with `kubectl annotate configmap x -n team-a"
        " argo-artifacts/owner=argo-artifacts/mine`"
    )


def test_what_a_setting_decides_on_is_refused_with_the_setting():
    assert guarded(ObjectMeta(), "kubernetes:core/v1:Namespace") == (
        "Namespace x: exists without a mark, none or one marked argo-artifacts/mine is accepted;"
        " set its ownership to adopt to take it over, or to use to leave it alone"
    )
    line = guarded(ObjectMeta(), "kubernetes:core/v1:ServiceAccount")
    assert line is not None
    assert "; set serviceAccountOwnership to adopt " in line


@pytest.mark.parametrize("ownership", ["create", "adopt"])
def test_what_another_stack_owns_is_refused_with_its_name_adopting_or_not(ownership):
    theirs = ObjectMeta(annotations={OWNER_MARK: "argo-artifacts/theirs"})
    assert guarded(theirs, ownership=ownership) == (
        "ConfigMap team-a/x: belongs to argo-artifacts/theirs, none or one marked"
        " argo-artifacts/mine is accepted; remove it from that stack, or where that is gone"
        " `kubectl annotate configmap x -n team-a argo-artifacts/owner=argo-artifacts/mine"
        " --overwrite`"
    )


@pytest.mark.parametrize(
    "answer", [ObjectMeta(), ObjectMeta(annotations={OWNER_MARK: OWNER}), status(404, "NotFound")]
)
def test_what_is_adopted_may_have_no_mark_or_ours(answer):
    assert guarded(answer, ownership="adopt") is None


def test_an_object_that_cannot_be_read_is_refused_rather_than_taken_over():
    assert guarded(status(403, "Forbidden")) == (
        "ConfigMap team-a/x: cannot be read (Forbidden), the right to get it is required"
    )
    asked = httpx.Request("GET", "https://10.0.0.1:6443/api/v1/x")
    assert guarded(httpx.ConnectError("refused", request=asked)) == (
        "ConfigMap team-a/x: the API server https://10.0.0.1:6443 cannot be reached (refused),"
        " a running one is required"
    )


def test_the_guard_can_look_at_every_kind_that_the_program_creates(kubeconfig: Path):
    argo = {"version": "4.0.5", "controllerConfig": "own"}
    run = deploy(stack(kubeconfig, argo=argo))
    kinds = {r.type for r in run.resources.values() if r.hooks}
    assert len(kinds) == 6  # those of a tenant, the controller's ConfigMap among them
    for kind in kinds:
        assert guarded(ObjectMeta(), kind) is not None
