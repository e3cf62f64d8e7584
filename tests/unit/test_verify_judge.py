"""What an answer proves: a table."""

import pytest
import urllib3.exceptions as http
from botocore import exceptions as boto
from minio.error import MinioAdminException

from argo_artifacts.verify.answers import Answer, ask
from argo_artifacts.verify.causes import NO_CA, NO_NAME, NO_TLS, OTHER_NAME
from argo_artifacts.verify.checks import Expectation
from argo_artifacts.verify.judge import judge, resting
from argo_artifacts.verify.places import Holder, Place
from argo_artifacts.verify.report import Row

HOLDER = Holder("team-a", "default")
AT = Place(server="minio:9000", bucket="artifacts", prefix="prod/team-a/")


def row(expected, check="get", group="own prefix", **more):
    return Expectation(holder=HOLDER, group=group, check=check, place=AT, expected=expected, **more)


DONE = Answer("done")
DENIED = Answer("denied", "AccessDenied")
ABSENT = Answer("absent", "NoSuchKey")
UNCLEAR = Answer("unclear", "NoSuchBucket")
FOREIGN = Answer("unclear", "status 404", foreign=True)
PASSED = Row(row("allowed", "put"), "allowed", "ok")


@pytest.mark.parametrize(
    ("expected", "answer", "result"),
    [
        ("allowed", DONE, "ok"),
        ("allowed", DENIED, "failed"),
        ("allowed", ABSENT, "not checked"),
        ("allowed", UNCLEAR, "not checked"),
        ("not found", ABSENT, "ok"),
        ("not found", DONE, "failed"),
        ("not found", DENIED, "failed"),
        ("not found", UNCLEAR, "not checked"),
        ("refused", DENIED, "ok"),
        ("refused", DONE, "failed"),
        ("refused", ABSENT, "not checked"),
        ("refused", UNCLEAR, "not checked"),
        ("refused", FOREIGN, "not checked"),
    ],
)
def test_an_answer_decides_only_if_it_is_a_success_or_a_denial(expected, answer, result):
    assert judge(row(expected), answer, [PASSED], ours=True).result == result


@pytest.mark.parametrize("result", ["failed", "not checked"])
def test_a_refusal_counts_only_by_a_credential_that_passed_what_it_is_allowed(result):
    before = [PASSED, Row(row("allowed", "list"), "refused", result)]
    found = judge(row("refused"), DENIED, before, ours=True)
    assert found.result == "not checked"
    assert "its own list" in found.found
    assert judge(row("refused"), DONE, before, ours=True).result == "failed"


def test_a_refusal_that_failed_before_does_not_spoil_the_others():
    before = [PASSED, Row(row("refused", "delete"), "allowed", "failed")]
    assert judge(row("refused"), DENIED, before, ours=True).result == "ok"


def test_an_admin_call_to_a_server_without_admin_api_is_not_applicable_if_it_is_not_ours():
    call = row("refused", "server info", "admin calls")
    assert judge(call, FOREIGN, [PASSED], ours=False).result == "not applicable"
    assert judge(call, FOREIGN, [PASSED], ours=True).result == "not checked"
    assert judge(call, DONE, [PASSED], ours=False).result == "failed"


def test_a_setting_that_a_foreign_server_does_not_have_is_not_applicable():
    setting = row("refused", "read tagging", "bucket settings")
    unknown = Answer("unclear", "NotImplemented")
    assert judge(setting, unknown, [PASSED], ours=False).result == "not applicable"
    assert judge(setting, unknown, [PASSED], ours=True).result == "not checked"


def test_what_rests_on_a_failed_row_is_not_tried():
    failed = Row(row("allowed", "put"), "refused", "failed")
    waiting = row("allowed", "get", rests_on=("put",))
    assert resting(waiting, [failed]).found == "rests on put, which failed"
    assert resting(waiting, [PASSED]) is None


def client_error(status, code, headers=None):
    response = {
        "Error": {"Code": code, "Message": "canary-message"},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return boto.ClientError(response, "GetObject")


def pooled(reason):
    return http.MaxRetryError(None, "/canary-path", reason)


ADMIN = "admin request failed"
UNRESOLVED = "Failed to resolve 'canary'"
MINIO_HEADER = {"x-minio-error-code": "AccessDenied"}


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (client_error(403, "AccessDenied"), "denied", "AccessDenied"),
        (client_error(403, "403", MINIO_HEADER), "denied", "AccessDenied"),
        (client_error(403, "403"), "unclear", "403"),
        (client_error(400, "AccessDenied"), "unclear", "AccessDenied"),
        (client_error(403, "SignatureDoesNotMatch"), "unclear", "SignatureDoesNotMatch"),
        (client_error(403, "InvalidAccessKeyId"), "unclear", "InvalidAccessKeyId"),
        (client_error(404, "NoSuchKey"), "absent", "NoSuchKey"),
        (client_error(404, "404"), "absent", "NoSuchKey"),
        (client_error(404, "NoSuchBucket"), "unclear", "NoSuchBucket"),
        (client_error(503, "SlowDown"), "unclear", "SlowDown"),
        (client_error(500, "canary code\n<b>"), "unclear", "status 500"),
        (MinioAdminException("403", '{"Code":"AccessDenied"}'), "denied", "AccessDenied"),
        (MinioAdminException("403", "<Error>canary</Error>"), "unclear", "status 403"),
        (MinioAdminException("404", '{"Code":"XMinio1"}'), "unclear", "XMinio1"),
        (
            boto.EndpointConnectionError(endpoint_url="canary"),
            "unclear",
            "the server cannot be reached",
        ),
        (boto.ReadTimeoutError(endpoint_url="canary"), "unclear", "no answer within 10 s"),
        (boto.ConnectTimeoutError(endpoint_url="canary"), "unclear", "no connection within 5 s"),
        (boto.ConnectionClosedError(endpoint_url="canary"), "unclear", "the connection broke"),
        (
            boto.SSLError(endpoint_url="canary", error="canary"),
            "unclear",
            "TLS failed",
        ),
        (
            boto.SSLError(endpoint_url="canary", error="[SSL: CERTIFICATE_VERIFY_FAILED] canary"),
            "unclear",
            "its certificate is not trusted",
        ),
        (pooled(http.SSLError("canary")), "unclear", "TLS failed"),
        *(
            (pooled(http.SSLError(f"[SSL: CERTIFICATE_VERIFY_FAILED] canary {words}")), *answer)
            for words, *answer in (
                ("unable to get local issuer", "unclear", "its certificate is not trusted"),
                ("Hostname mismatch", "unclear", "its certificate is for another name"),
                ("IP address mismatch", "unclear", "its certificate is for another name"),
                ("has expired", "unclear", "its certificate is not valid at this time"),
                ("is not yet valid", "unclear", "its certificate is not valid at this time"),
            )
        ),
        (pooled(http.SSLError("[SSL: WRONG_VERSION_NUMBER]")), "unclear", NO_TLS),
        (pooled(http.SSLError("[SSL: RECORD_LAYER_FAILURE]")), "unclear", NO_TLS),
        (pooled(http.SSLError("[X509: NO_CERTIFICATE_OR_CRL_FOUND]")), "unclear", NO_CA),
        (pooled(http.SSLError("hostname 'canary' doesn't match")), "unclear", OTHER_NAME),
        (
            boto.EndpointConnectionError(endpoint_url="canary", error=f"canary {UNRESOLVED}"),
            "unclear",
            NO_NAME,
        ),
        (pooled(http.NewConnectionError(None, f"canary {UNRESOLVED}")), "unclear", NO_NAME),
        (
            pooled(http.NewConnectionError(None, "canary")),
            "unclear",
            "the server cannot be reached",
        ),
        (pooled(http.ProtocolError("canary")), "unclear", "the connection broke"),
        (http.ReadTimeoutError(None, "canary", "canary"), "unclear", "no answer within 10 s"),
        (
            boto.HTTPClientError(error="canary"),
            "unclear",
            "the call failed (HTTPClientError)",
        ),
        (ValueError("canary"), "unclear", "an answer that is none of an S3 server"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_error_becomes_an_answer_in_our_own_words(error, kind, said):
    def call():
        raise error

    answer = ask(call)
    assert (answer.kind, answer.said) == (kind, said)
    assert "canary" not in repr(answer)
    assert "canary" not in answer.text


def test_only_a_call_that_was_sent_may_have_had_its_effect():
    def answer(error):
        def call():
            raise error

        return ask(call)

    assert not answer(boto.EndpointConnectionError(endpoint_url="u")).doubtful
    assert not answer(client_error(403, "AccessDenied")).doubtful
    assert answer(boto.ReadTimeoutError(endpoint_url="u")).doubtful
    assert answer(pooled(http.ProtocolError("x"))).doubtful
