"""Who may do what through the API server, judged by the API server itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lightkube.models.authorization_v1 import ResourceAttributes, SubjectAccessReviewSpec
from lightkube.resources.authorization_v1 import SubjectAccessReview

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster
    from tests.engine.stack import EngineStack

GROUPS = {"core": "", "argo": "argoproj.io", "rbac": "rbac.authorization.k8s.io"}

# Service account, verb, namespace (*: all of them, or an object of the cluster),
# group:resource/subresource, name of the object where one is meant.
ALLOWED = """
rbac-a/workflow        create      rbac-a     argo:workflowtaskresults
rbac-a/workflow        patch       rbac-a     argo:workflowtaskresults
rbac-b/etl             create      rbac-b     argo:workflowtaskresults
rbac-b/ml              patch       rbac-b     argo:workflowtaskresults
rbac-a/artifact-gc     list        rbac-a     argo:workflowartifactgctasks
rbac-a/artifact-gc     watch       rbac-a     argo:workflowartifactgctasks
rbac-a/artifact-gc     patch       rbac-a     argo:workflowartifactgctasks/status
rbac-b/artifact-gc     list        rbac-b     argo:workflowartifactgctasks
rbac-b/artifact-gc     watch       rbac-b     argo:workflowartifactgctasks
rbac-b/artifact-gc     patch       rbac-b     argo:workflowartifactgctasks/status
rbac-argo/argo-server  get         rbac-a     core:secrets argo-artifacts-default
rbac-argo/argo-server  get         rbac-b     core:secrets argo-artifacts-default
"""

REFUSED = """
rbac-a/workflow        get         rbac-a     core:secrets argo-artifacts-default
rbac-a/workflow        get         rbac-a     core:secrets another
rbac-a/workflow        list        rbac-a     core:secrets
rbac-a/workflow        watch       rbac-a     core:secrets
rbac-a/workflow        get         rbac-b     core:secrets argo-artifacts-default
rbac-a/workflow        get         rbac-a     core:configmaps artifact-repositories
rbac-a/workflow        update      rbac-a     core:configmaps artifact-repositories
rbac-a/workflow        get         rbac-a     core:pods
rbac-a/workflow        create      rbac-a     core:pods
rbac-a/workflow        create      rbac-a     core:pods/exec
rbac-a/workflow        get         rbac-a     core:pods/log
rbac-a/workflow        create      rbac-a     core:serviceaccounts/token artifact-gc
rbac-a/workflow        impersonate rbac-a     core:serviceaccounts artifact-gc
rbac-a/workflow        create      rbac-a     argo:workflows
rbac-a/workflow        get         rbac-a     argo:workflows
rbac-a/workflow        get         rbac-a     argo:workflowtaskresults
rbac-a/workflow        list        rbac-a     argo:workflowtaskresults
rbac-a/workflow        delete      rbac-a     argo:workflowtaskresults
rbac-a/workflow        create      rbac-b     argo:workflowtaskresults
rbac-a/workflow        patch       *          argo:workflowtaskresults
rbac-a/workflow        list        rbac-a     argo:workflowartifactgctasks
rbac-a/workflow        create      rbac-a     rbac:rolebindings
rbac-a/workflow        escalate    rbac-a     rbac:roles argo-executor
rbac-a/workflow        bind        *          rbac:clusterroles cluster-admin
rbac-a/workflow        get         *          core:namespaces
rbac-a/artifact-gc     get         rbac-a     core:secrets argo-artifacts-default
rbac-a/artifact-gc     list        rbac-a     core:secrets
rbac-a/artifact-gc     get         rbac-a     argo:workflowartifactgctasks
rbac-a/artifact-gc     patch       rbac-a     argo:workflowartifactgctasks
rbac-a/artifact-gc     delete      rbac-a     argo:workflowartifactgctasks
rbac-a/artifact-gc     update      rbac-a     argo:workflowartifactgctasks/status
rbac-a/artifact-gc     list        rbac-b     argo:workflowartifactgctasks
rbac-a/artifact-gc     list        *          argo:workflowartifactgctasks
rbac-a/artifact-gc     create      rbac-a     argo:workflowtaskresults
rbac-a/artifact-gc     delete      rbac-a     argo:workflows
rbac-argo/argo-server  get         rbac-a     core:secrets another
rbac-argo/argo-server  list        rbac-a     core:secrets
rbac-argo/argo-server  watch       rbac-a     core:secrets
rbac-argo/argo-server  list        *          core:secrets
rbac-argo/argo-server  get         rbac-argo  core:secrets argo-artifacts-default
rbac-argo/argo-server  get         *          core:secrets argo-artifacts-default
rbac-argo/argo-server  update      rbac-a     core:secrets argo-artifacts-default
rbac-argo/argo-server  delete      rbac-a     core:secrets argo-artifacts-default
rbac-argo/argo-server  get         rbac-a     core:configmaps artifact-repositories
rbac-argo/argo-server  create      rbac-a     argo:workflows
rbac-b/etl             get         rbac-b     core:secrets argo-artifacts-default
rbac-b/etl             create      rbac-a     argo:workflowtaskresults
rbac-a/default         create      rbac-a     argo:workflowtaskresults
rbac-a/default         get         rbac-a     core:secrets argo-artifacts-default
"""


@pytest.fixture(scope="module")
def _provisioned(make_stack: Callable[[str], EngineStack]) -> None:
    stack = make_stack("rbac")
    tenants = {"rbac-a": {}, "rbac-b": {"serviceAccounts": ["etl", "ml"], "artifactGC": False}}
    stack.configure(repositories={"default": stack.given()}, tenants=tenants)
    stack.up()


def may(cluster: LiveCluster, row: str) -> bool:
    """Ask the API server whether it would do what *row* says."""
    who, verb, space, what, *name = row.split()
    namespace, _, account = who.partition("/")
    group, _, rest = what.partition(":")
    resource, _, subresource = rest.partition("/")
    asked = ResourceAttributes(
        verb=verb,
        group=GROUPS[group],
        resource=resource,
        subresource=subresource or None,
        name=name[0] if name else None,
        namespace=None if space == "*" else space,
    )
    groups = [
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    ]
    user = f"system:serviceaccount:{namespace}:{account}"
    spec = SubjectAccessReviewSpec(user=user, groups=groups, resourceAttributes=asked)
    answer = cluster.client.create(SubjectAccessReview(spec=spec))
    assert answer.status is not None
    return answer.status.allowed


def rows(table: str) -> list[str]:
    """The rows of a table, one blank between the words."""
    return [" ".join(line.split()) for line in table.strip().splitlines()]


@pytest.mark.usefixtures("_provisioned")
@pytest.mark.parametrize("row", rows(ALLOWED))
def test_the_api_server_allows(cluster: LiveCluster, row):
    assert may(cluster, row)


@pytest.mark.usefixtures("_provisioned")
@pytest.mark.parametrize("row", rows(REFUSED))
def test_the_api_server_refuses(cluster: LiveCluster, row):
    assert not may(cluster, row)
