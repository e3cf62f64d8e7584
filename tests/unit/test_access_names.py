"""Names and prefixes: within their limits, apart from each other, the same every time."""

from __future__ import annotations

import re

from hypothesis import assume, example, given
from hypothesis import strategies as st

from argo_artifacts.access import names

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)
clusters = labels.filter(lambda label: len(label) <= 32)
few = st.text("ab-", min_size=1, max_size=5).map(lambda s: f"x{s}y")
"""Labels that often begin like one another."""


@given(st.lists(labels, min_size=1, max_size=4))
@example(["a" * 63])
@example(["a" * 64])
@example(["a" * 55 + "-" * 3 + "b" * 9])
def test_a_label_is_a_dns_label_within_the_limit(parts):
    assert LABEL.fullmatch(names.label(*parts))


@given(st.lists(labels, min_size=1, max_size=3))
def test_a_label_of_a_label_is_the_same(parts):
    once = names.label(*parts)
    assert names.label(once) == once


@given(labels, labels)
@example("a" * 63 + "b", "a" * 63 + "c")
def test_different_texts_have_different_labels(one, other):
    assume(one != other)
    assert names.label("argo-artifacts", one) != names.label("argo-artifacts", other)


def test_a_label_of_63_characters_stays_as_it_is():
    assert names.label("a" * 40, "b" * 22) == "a" * 40 + "-" + "b" * 22


def test_a_long_label_is_cut_and_told_apart_by_its_hash():
    assert names.label("argo-artifacts", "r" * 63) == (
        "argo-artifacts-rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr-583f72"
    )


@given(labels, labels)
@example("x", "ca-x")
@example("ca-x", "x")
def test_the_secret_of_a_ca_meets_no_secret_with_keys(one, other):
    assert names.ca_secret(one) != names.credential_secret(other)


@given(clusters, few, few)
def test_no_tenants_prefix_begins_with_anothers(cluster, one, other):
    assume(one != other)
    for prefix in (lambda tenant: names.tenant_prefix(cluster, tenant), names.uploads_prefix):
        assert prefix(one).endswith("/")
        assert not prefix(one).startswith(prefix(other))


@given(clusters, few, few)
@example("c", "xy", "xy")
def test_where_tenants_meet_is_inside_no_tenants_prefix_and_around_none(cluster, one, other):
    shared, own = names.shared_prefix(cluster, one), names.tenant_prefix(cluster, other)
    assert not shared.startswith(own)
    assert not own.startswith(shared)


@given(st.tuples(clusters, few, few), st.tuples(clusters, few, few))
@example(("a", "b-c", "d"), ("a-b", "c", "d"))
def test_users_and_policies_of_two_places_have_two_names(
    one: tuple[str, str, str], other: tuple[str, str, str]
):
    assume(one != other)
    assert names.minio_policy(*one, "p/s") != names.minio_policy(*other, "p/s")
    assert names.minio_user(*one, 1, "p/s") != names.minio_user(*other, 1, "p/s")


def test_a_user_is_named_by_its_place_its_key_and_its_stack():
    user = names.minio_user("prod", "team-a", "default", 7, "argo-artifacts/prod")
    assert user == f"prod.team-a.default.7.{names.owner_id('argo-artifacts/prod')}"
    assert user != names.minio_user("prod", "team-a", "default", 8, "argo-artifacts/prod")
    assert user != names.minio_user("prod", "team-a", "default", 7, "argo-artifacts/dev")
