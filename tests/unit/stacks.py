"""Valid stack values: small ones by hand, and any number by machine."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
from hypothesis import strategies as st

from argo_artifacts.config import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from argo_artifacts.config import Settings

FILES = Path(__file__).with_name("files")
CA = "ca.pem"

MINIO = {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}}


def values(**changes: object) -> dict:
    """A stack with the tenants ``team-a`` and ``team-b``; each change replaces a whole key."""
    stack = {
        "cluster": {"name": "prod", "kubeconfig": "~/.kube/config"},
        "argo": {"version": "4.0.5"},
        "repositories": {"default": {"minio": MINIO}},
        "tenants": {"team-a": {}, "team-b": {"artifactGC": False}},
    }
    return deepcopy(stack | changes)


def settings(given: Mapping[str, object] | None = None, **changes: object) -> Settings:
    """Settings of *given* values, or of :func:`values` with *changes*."""
    return parse(
        dict(given) if given is not None else values(**changes),
        project="argo-artifacts",
        stack="test",
        folder=FILES,
    )


def each(*strategies: st.SearchStrategy):
    """Run a test on a few dozen examples, however slow the machine is."""

    def decorate(test):
        slow = hypothesis.settings(deadline=None, max_examples=40)
        return slow(hypothesis.given(*strategies)(test))

    return decorate


VERSIONS = ("3.4.0", "3.5.8", "3.6.2", "3.7.18", "4.0.5", "4.1.0")

labels = st.text("ab0-", min_size=1, max_size=12).map(lambda s: f"a{s}0".strip("-"))
"""DNS labels, many of which begin like one another."""

long_labels = st.text("ab0-", min_size=40, max_size=61).map(lambda s: f"z{s}9")

names = labels | long_labels

_ownership = st.sampled_from(["create", "adopt", "use"])


def _optional(**fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def _repository(draw, name: str, bucket: dict, *, ca: bool) -> dict:
    server = draw(st.sampled_from(["external", "external", "credentials"]))
    minio: dict = {"endpoint": "minio:9000", "bucket": bucket, "server": server}
    minio |= draw(_optional(region=st.sampled_from(["us-east-1", "eu"])))
    if ca:
        minio["tls"] = {"ca": CA}
    elif draw(st.booleans()):
        minio["tls"] = {"enabled": False}
    if server == "credentials":
        minio["bucket"] = {"name": bucket["name"], "ownership": "use"}
        minio |= draw(
            st.sampled_from(
                [
                    {"existingSecret": {"name": f"kept-{name[:20]}0"}},
                    {
                        "sharedCredentials": {
                            "accessKeyConfig": "oneAccessKey",
                            "secretKeyConfig": "oneSecretKey",
                        }
                    },
                ]
            )
        )
    else:
        live = draw(st.lists(st.integers(1, 99), min_size=1, max_size=2, unique=True))
        minio["keys"] = {"live": live, "publish": draw(st.sampled_from(live))}
        if bucket.get("ownership") != "use":
            minio["lifecycle"] = draw(_optional(expireDays=st.integers(1, 400)))
    formats = [
        "{{workflow.uid}}/{{pod.name}}",
        "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}",
    ]
    return {"minio": minio} | draw(
        _optional(archiveLogs=st.booleans(), keyFormat=st.sampled_from(formats))
    )


@st.composite
def stacks(draw) -> dict:
    """Values of a whole stack that settings are made of."""
    version = draw(st.sampled_from(VERSIONS))
    tenant_names = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    repository_names = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    one_bucket = draw(st.booleans())
    repositories: dict = {}
    for index, name in enumerate(repository_names):
        bucket: dict = {"name": "artifacts" if one_bucket else f"bucket-{index}"}
        if one_bucket and index:
            bucket["ownership"] = "use"
        ca = version != "3.4.0" and draw(st.integers(0, 9)) == 0  # reading it is slow
        repositories[name] = draw(_repository(name, bucket, ca=ca))
    shared = draw(st.sampled_from([None, *repository_names]))
    if shared is not None:
        repositories[shared]["sharedWith"] = tenant_names
    tenants = {
        name: draw(_tenant(repository_names, shared))
        for name in draw(st.permutations(tenant_names))
    }
    server = draw(_optional(access=st.sampled_from(["none", "shared"])))
    if version == "4.1.0" and draw(st.booleans()):
        server["uploads"] = True
    argo = {"version": version, "server": server} | draw(
        _optional(controllerConfig=st.sampled_from(["own", "patch", "values", "none"]))
    )
    return {
        "cluster": {"name": draw(labels), "kubeconfig": "x"},
        "argo": argo,
        "repositories": repositories,
        "tenants": tenants,
    }


@st.composite
def _tenant(draw, repositories: list[str], shared: str | None) -> dict:
    used = draw(st.lists(st.sampled_from(repositories), min_size=1, unique=True))
    uses: list = []
    for name in used:
        use: dict = {"name": name}
        if draw(st.booleans()):
            use["access"] = draw(st.sampled_from(["read", "write"]))
        if name == shared and draw(st.booleans()):
            use["prefix"] = draw(st.sampled_from(["published/", "published/a/"]))
        uses.append(use)
    accounts = st.lists(names, min_size=1, max_size=3, unique=True)
    return {"repositories": uses} | draw(
        _optional(
            serviceAccounts=accounts,
            artifactGC=st.booleans(),
            retired=st.booleans(),
            serviceAccountOwnership=_ownership,
            namespace=_optional(ownership=_ownership),
        )
    )


def permuted(stack: Mapping[str, object]) -> st.SearchStrategy[dict]:
    """*stack* with its tenants and repositories in another order of the file."""

    def order(mapping: dict) -> st.SearchStrategy[dict]:
        return st.permutations(list(mapping.items())).map(dict)

    return st.builds(
        lambda tenants, repositories: {
            **stack,
            "tenants": tenants,
            "repositories": repositories,
        },
        order(stack["tenants"]),
        order(stack["repositories"]),
    )
