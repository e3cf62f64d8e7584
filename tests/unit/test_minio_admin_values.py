"""Values on the wire, fields and errors of the minio-admin plugin."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minio.error import MinioAdminException, S3Error
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from urllib3.exceptions import MaxRetryError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as TlsError

from providers.minio_admin import errors, fields
from providers.minio_admin.values import UNKNOWN, has_unknown
from providers.minio_admin.wire import plain, wrap


def test_values_survive_the_way_to_pulumi_and_back():
    values = {"a": "x", "b": True, "c": 3, "d": 1.5, "e": ["x", {"f": UNKNOWN}], "g": {}}
    sent = {k: PropertyValue.unmarshal(v.marshal()) for k, v in wrap(values).items()}
    assert plain(sent) == values
    assert has_unknown(plain(sent))
    assert not has_unknown({"a": ["x", {"b": 1}]})
    assert plain({"a": PropertyValue(Computed()), "b": PropertyValue(None)}) == {"a": UNKNOWN}


def test_a_secret_stays_a_secret():
    assert wrap({"a": "x", "b": "y"}, {"a"})["a"].is_secret
    assert not wrap({"a": "x", "b": "y"}, {"a"})["b"].is_secret
    assert wrap({"a": UNKNOWN}, {"a"})["a"].is_secret


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "bucket: missing, a text is required"),
        ({"bucket": 3}, "bucket: int found, a text is accepted"),
        ({"versioning": "yes"}, "versioning: str found, true or false is accepted"),
        ({"quotaBytes": True}, "quotaBytes: bool found, a whole number is accepted"),
        ({"quotaBytes": 1.5}, "quotaBytes: float found, a whole number is accepted"),
        ({"lifecycle": ["x"]}, "lifecycle: list found, a list of rules is accepted"),
        ({"encryption": "SSE-S3"}, "encryption: str found, an object, empty or with kmsKeyId is "),
        ({"color": "red"}, "color: unknown property, bucket, ownership, "),
        ({"owner": "x"}, "owner: unknown property, bucket, ownership, "),
    ],
)
def test_a_wrong_property_is_one_line(inputs, says):
    given = {"bucket": "abc", **inputs} if inputs else {}
    (line,) = fields.check(fields.BUCKET, "p", given)
    assert line.startswith(f"p {says}")


def test_what_is_not_known_yet_is_no_fault():
    unknown = {"bucket": UNKNOWN, "lifecycle": [UNKNOWN], "quotaBytes": UNKNOWN}
    assert list(fields.check(fields.BUCKET, "p", unknown)) == []


def test_a_wrong_secret_is_not_told_by_its_type():
    (line,) = fields.check(
        {"secretKey": fields.CONFIG["secretKey"]}, "p", {"secretKey": ["a secret in a list"]}
    )
    assert line == "p secretKey: a secret found, a text is accepted"


def test_the_schema_tells_every_property():
    schema = json.loads(json.dumps(fields.schema()))
    user = schema["resources"]["minio-admin:index:User"]
    assert user["properties"]["secretKey"]["secret"] is True
    assert set(user["inputProperties"]) == {"name", "status"}
    assert user["requiredInputs"] == ["name"]
    bucket = schema["resources"]["minio-admin:index:Bucket"]
    assert set(bucket["properties"]) == set(fields.BUCKET)
    for resource in schema["resources"].values():
        for described in resource["properties"].values():
            reference = described.get("items", described).get("$ref")
            assert reference is None or reference.removeprefix("#/types/") in schema["types"]


def answer(body, status="400"):
    return MinioAdminException(status, body)


def code(name, message="Words."):
    return answer(json.dumps({"Code": name, "Message": message}))


def refused():
    return MaxRetryError(
        None, "/", NewConnectionError(None, "failed: [Errno 111] Connection refused")
    )


SERVER = "minio h:1"
NO_ADMIN_API = (
    "has no MinIO admin API, a MinIO server is needed to create buckets and users; use "
    "`server: credentials` with a bucket and keys that exist"
)
UNREACHABLE = "a running MinIO server is needed; start it or correct the endpoint"


@pytest.mark.parametrize(
    ("error", "path", "says"),
    [
        (refused(), SERVER, f"cannot be reached (connection refused), {UNREACHABLE}"),
        (
            MaxRetryError(None, "/", ReadTimeoutError(None, "/", "Read timed out. (120)")),
            SERVER,
            f"cannot be reached (no answer in time), {UNREACHABLE}",
        ),
        (
            MaxRetryError(None, "/", TlsError("[SSL: WRONG_VERSION_NUMBER] wrong version")),
            SERVER,
            "speaks no TLS, secure: true was given; set secure: false or switch TLS on",
        ),
        (
            answer("Client sent an HTTP request to an HTTPS server.\n"),
            SERVER,
            "speaks TLS, secure: false was given; set secure: true",
        ),
        (code("InvalidAccessKeyId"), SERVER, "the admin's accessKey is unknown there or disabled,"),
        (code("SignatureDoesNotMatch"), SERVER, "the admin's secretKey is wrong,"),
        (
            answer("<Error><Code>NoSuchBucket</Code><Message>m</Message></Error>", "404"),
            SERVER,
            NO_ADMIN_API,
        ),
        (
            code("AccessDenied", "Access Denied."),
            f"{SERVER} user u",
            "refused to the admin's key (Access Denied), admin rights are needed; ",
        ),
        (
            code("XMinioSomething", "Many\nlines  of\ttext."),
            f"{SERVER} user u",
            "refused by the server (XMinioSomething), Many lines of text",
        ),
        (ValueError("too\nmany tags"), f"{SERVER} user u", "too many tags"),
    ],
    ids=[
        "refused",
        "silent",
        "plain",
        "tls",
        "key",
        "secret",
        "no-admin",
        "rights",
        "other",
        "package",
    ],
)
def test_a_fault_of_the_server_is_one_line(error, path, says):
    line = str(errors.explain(SERVER, f"{SERVER} user u", error))
    assert line.startswith(f"{path}: {says}")
    assert line.splitlines() == [line]


def test_a_server_that_may_come_up_is_told_apart():
    for error in (refused(), code("XMinioServerNotInitialized"), code("XMinioIAMNotInitialized")):
        assert isinstance(errors.explain("s", "p", error), errors.UnreachableError)
    for error in (code("AccessDenied"), code("SignatureDoesNotMatch")):
        assert not isinstance(errors.explain("s", "p", error), errors.UnreachableError)


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_answer_of_a_server_spans_lines(name, message):
    for error in (code(name, message), answer(message), ValueError(message)):
        line = str(errors.explain("minio h:1", "minio h:1 user u", error))
        assert len(line.splitlines()) == 1


def test_a_fault_of_our_own_tells_its_place_and_nothing_that_it_holds():
    try:
        {}["a-secret-key"]
    except KeyError as error:
        line = errors.internal(error)
    assert line.startswith("minio-admin: KeyError at test_minio_admin_values.py:")
    assert "a-secret-key" not in line


def test_an_s3_error_gives_its_code():
    error = S3Error(None, "NoSuchBucket", "gone", "/b", "1", "2")
    assert errors.code(error) == "NoSuchBucket"
