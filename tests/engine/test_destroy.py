"""A destroy ends every access and still loses no object that nobody said may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine.live import LiveCluster, LiveStore
    from tests.engine.stack import EngineStack, Outcome

SPACE = "dest-team"


@dataclass
class Story:
    """A destroy over a bucket that is not empty, and one after it was emptied."""

    refused: Outcome
    keys: set[str]
    versions: int
    """Versions and delete markers in the bucket after the refused destroy."""

    users: set[str]
    namespace_stood: bool
    last: Outcome
    state: set[str]
    buckets: set[str]


@pytest.fixture(scope="module")
def story(
    make_stack: Callable[[str], EngineStack], cluster: LiveCluster, store: LiveStore
) -> Story:
    stack = make_stack("dest")
    bucket = {"name": stack.bucket, "versioning": True}
    stack.configure(
        repositories={"default": stack.repository(bucket=bucket)},
        tenants={SPACE: {"namespace": {"deleteNamespace": True}}},
    )
    stack.up()
    for text in ("old", "new"):
        store.put(stack.bucket, f"dest/{SPACE}/result", text)
    for key in ("gone-1", "gone-2", "gone-3"):
        store.put(stack.bucket, key)
        store.objects.remove_object(bucket_name=stack.bucket, object_name=key)
    refused = stack.destroy(fails=True)
    keys, versions = store.keys(stack.bucket), store.versions(stack.bucket)
    users, namespace_stood = store.users("dest."), cluster.stands("Namespace", SPACE)
    store.empty(stack.bucket)
    last = stack.destroy()
    return Story(
        refused=refused,
        keys=keys,
        versions=versions,
        users=users,
        namespace_stood=namespace_stood,
        last=last,
        state=stack.urns(),
        buckets={b.name for b in store.objects.list_buckets()} & {stack.bucket},
    )


def test_a_bucket_with_objects_stays_and_the_line_counts_what_is_in_it(story: Story):
    (line,) = [line for line in story.refused.errors if "dest-artifacts" in line]
    assert "1 object, 4 older versions and 3 delete markers" in line
    assert "forceDestroy" in line
    assert story.keys == {f"dest/{SPACE}/result"}
    assert story.versions == 8


def test_every_access_has_ended_all_the_same(story: Story):
    assert story.users == set()
    assert not story.namespace_stood


def test_an_emptied_bucket_goes_with_the_next_destroy(story: Story):
    assert (
        story.last.said == ["delete Bucket default"] or "delete Bucket default" in story.last.said
    )
    assert story.state == set()
    assert story.buckets == set()
