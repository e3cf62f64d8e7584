"""Each known trouble has one line with cause and cure, in the form of all our errors."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from argo_artifacts.config.backends.minio import Minio
from argo_artifacts.verify import answers, causes
from argo_artifacts.verify.causes import (
    Keeper,
    Where,
    keeper_of,
    of_annotation,
    of_answer,
    of_cluster,
    of_config_map,
    of_denial,
    of_excess,
    of_pod,
    of_secret,
)

NAMES = Where(
    server="minio.example.com:9000",
    bucket="acme-artifacts",
    holder="team-a/default",
    secret="team-a/argo-artifacts-default",
    ca="team-a/argo-ca-default",
    region="us-east-1",
    keeper="stack",
    managed=True,
)
KEEPERS = get_args(Keeper)
CONFIG_KEYS = {"accessKeyConfig": "theAccessKey", "secretKeyConfig": "theSecretKey"}
FORM = re.compile(r"[^:]+(:\d+)?[^:]*: [^;]+, [^;]+; .+[^.]")
"""``<path>: <found>, <needed>; <cure>``"""

KNOWN = tuple(causes._ANSWERS)
KNOWN_ON_AWS = tuple(causes._ON_AWS)
LINES = [
    *(of_answer(said, replace(NAMES, keeper=k, managed=m)) for said in KNOWN for k in KEEPERS
      for m in (True, False)),
    *(of(replace(NAMES, keeper=keeper)) for of in (of_denial, of_excess) for keeper in KEEPERS),
    of_config_map("team-a", "missing"),
    of_cluster("the API server cannot be reached"),
    *(of_secret("team-a/keys", "is missing", keeper) for keeper in KEEPERS),
    *(of_answer(said, replace(NAMES, server="eu-west-1", kind="AWS")) for said in KNOWN_ON_AWS),
    of_annotation("team-a/workflow", "is missing", "arn:aws:iam::111122223333:role/x"),
    of_pod("team-a/workflow", "the pod did not end in time"),
]  # fmt: skip


@pytest.mark.parametrize("line", dict.fromkeys(LINES))
def test_a_line_has_place_found_needed_and_cure(line):
    assert FORM.fullmatch(line), line
    assert "{" not in line


def test_what_an_answer_means_and_what_happens_on_the_way_has_a_line():
    assert set(answers._MEANING) | set(answers._TLS.values()) <= set(KNOWN)
    assert of_answer("XMinioSomethingElse", NAMES) == ""


def test_the_cure_depends_on_who_keeps_the_keys():
    lines = {of_answer("InvalidAccessKeyId", replace(NAMES, keeper=k)) for k in KEEPERS}
    assert len(lines) == len(KEEPERS)
    assert of_answer("SignatureDoesNotMatch", NAMES) == (
        "Secret team-a/argo-artifacts-default: its secret key is wrong, the secret of its access"
        " key is needed; run `pulumi up --refresh`; if it stays wrong, publish a new key (keys)"
    )


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, "stack"),
        ({"provisioner": {"image": "registry.example.com/argo-artifacts:0.1.0"}}, "job"),
        ({"server": "credentials", "sharedCredentials": CONFIG_KEYS}, "settings"),
        ({"server": "credentials", "existingSecret": {"name": "keys"}}, "others"),
    ],
    ids=str,
)
def test_the_stack_file_says_who_keeps_the_keys(changes, kept):
    given = {"endpoint": "minio:9000", "bucket": {"name": "artifacts"}} | changes
    assert keeper_of(Minio.model_validate(given)) == kept


def test_the_cure_of_a_missing_bucket_depends_on_who_makes_it():
    ours, theirs = (of_answer("NoSuchBucket", replace(NAMES, managed=m)) for m in (True, False))
    assert ours.endswith("; run `pulumi up --refresh`")
    assert theirs.endswith("; make it, or correct bucket.name")
