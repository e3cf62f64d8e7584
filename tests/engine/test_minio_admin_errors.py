"""What a user reads when the server, the key or the way to it is wrong."""

import io
import json
import re
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from minio.error import MinioAdminException

from providers.minio_admin.errors import ProviderError
from tests.engine.minio_admin_plugin import OWNER_ID, RefusedError, Stack
from tests.engine.minio_server import KMS_KEY, MinioServer, running
from tests.engine.moto_server import in_this_process

PAGE = Path(__file__).parents[2] / "docs" / "minio-admin-provider.md"
USER = f"team-a.1.{OWNER_ID}"
POLICY = f"team-a.{OWNER_ID}"
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Resource": ["arn:aws:s3:::artifacts/*"],
            }
        ],
    }
)
EVERYTHING = {
    "Bucket": {"bucket": "artifacts"},
    "Policy": {"name": POLICY, "document": DOCUMENT},
    "User": {"name": USER},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("minio"), kms=True) as started:
        yield started


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificate(folder)
    return folder


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory, certificates):
    with running(tmp_path_factory.mktemp("tls"), certificates=certificates) as started:
        yield started


def make_certificate(folder):
    """A certificate for the loopback address that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "public.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "private.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def line_of(stack, kind, when="preview"):
    """The line that a user reads for a new resource."""
    with pytest.raises(ProviderError) as refused:
        getattr(stack, when)(kind, EVERYTHING[kind])
    line = str(refused.value)
    assert line.splitlines() == [line]
    return line


@pytest.mark.parametrize("kind", EVERYTHING)
@pytest.mark.parametrize("when", ["preview", "up"])
@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            {"accessKey": "nobody"},
            "the admin's accessKey is unknown there or disabled, the key of an enabled",
        ),
        (
            {"secretKey": "canary-wrong-secret"},
            "the admin's secretKey is wrong",
        ),
        (
            {"secure": True},
            "speaks no TLS, secure: true was given; set secure: false or switch TLS on",
        ),
    ],
    ids=["access key", "secret key", "no TLS"],
)
def test_a_wrong_provider_is_one_line_already_in_the_preview(server, kind, when, config, says):
    stack = Stack(server, config=config)
    assert line_of(stack, kind, when).startswith(f"minio {server.endpoint}: {says}")
    assert stack.warnings == []


@pytest.mark.parametrize("kind", EVERYTHING)
def test_a_disabled_admin_is_one_line(server, kind):
    server.admin().user_add("disabled-admin", "long-enough")
    server.admin().attach_policy(["consoleAdmin"], user="disabled-admin")
    server.admin().user_disable("disabled-admin")
    config = {"accessKey": "disabled-admin", "secretKey": "long-enough"}
    line = line_of(Stack(server, config=config), kind)
    server.admin().user_remove("disabled-admin")
    assert "the admin's accessKey is unknown there or disabled" in line


@pytest.mark.parametrize("kind", EVERYTHING)
def test_an_untrusted_certificate_is_one_line_and_its_authority_cures_it(tls_server, kind):
    untrusted = Stack(MinioServer(tls_server.endpoint), config={"secure": True})
    assert line_of(untrusted, kind) == (
        f"minio {tls_server.endpoint}: the certificate is refused (self-signed certificate), one "
        "of a trusted authority is needed; give the authority's PEM as caCertificate"
    )
    Stack(tls_server).preview(kind, EVERYTHING[kind])


def test_another_authority_is_not_enough(tls_server, tmp_path):
    make_certificate(tmp_path)
    config = {"caCertificate": (tmp_path / "public.crt").read_text()}
    assert "the certificate is refused" in line_of(Stack(tls_server, config=config), "Bucket")


@pytest.mark.parametrize("kind", EVERYTHING)
def test_plain_http_to_a_tls_server_is_one_line(tls_server, kind):
    assert line_of(Stack(MinioServer(tls_server.endpoint)), kind) == (
        f"minio {tls_server.endpoint}: speaks TLS, secure: false was given; set secure: true"
    )


@pytest.fixture(scope="module")
def plain_s3():
    with in_this_process() as endpoint:
        yield MinioServer(endpoint)


class Page(BaseHTTPRequestHandler):
    """A web server that answers anything."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Welcome</html>")

    do_PUT = do_GET  # noqa: N815 - the base class's way to name methods

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def web_server():
    served = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield MinioServer(f"127.0.0.1:{served.server_port}")
    served.shutdown()


@pytest.mark.parametrize("kind", EVERYTHING)
@pytest.mark.parametrize("when", ["preview", "up"])
@pytest.mark.parametrize("other", ["plain_s3", "web_server"])
def test_a_server_without_admin_api_points_to_credentials(request, kind, when, other):
    there = request.getfixturevalue(other)
    assert line_of(Stack(there), kind, when) == (
        f"minio {there.endpoint}: has no MinIO admin API, a MinIO server is needed to create "
        "buckets and users; use `server: credentials` with a bucket and keys that exist"
    )
    if other == "plain_s3":
        assert there.store().list_buckets() == []


def test_a_server_that_is_not_there_lets_the_preview_pass_with_one_warning(closed_port):
    nobody = MinioServer(f"127.0.0.1:{closed_port}")
    stack = Stack(nobody)
    for kind, inputs in EVERYTHING.items():
        stack.preview(kind, inputs)
    assert len(stack.warnings) == 1
    assert stack.warnings[0] == (
        f"minio {nobody.endpoint}: cannot be reached (connection refused), a running MinIO server "
        "is needed; start it or correct the endpoint; this preview could not look for what exists "
        "there already"
    )


def test_a_name_that_nobody_knows_is_one_line():
    stack = Stack(MinioServer("no-such-host.invalid:9000"))
    assert line_of(stack, "Bucket", "up").startswith(
        "minio no-such-host.invalid:9000: the name cannot be resolved, "
    )


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (
            {"endpoint": "http://minio:9000"},
            "endpoint: 'http://minio:9000' found, host:port without",
        ),
        ({"owner": ""}, "owner: '' found, <project>/<stack> of at most 256 characters is accepted"),
        ({"ownerId": "xyz"}, "ownerId: 'xyz' found, 8 hex digits are accepted"),
        ({"secretKey": ""}, "secretKey: empty, a value is needed"),
        ({"caCertificate": "canary"}, "caCertificate: no certificate found, PEM text is accepted"),
        ({"secure": "perhaps"}, "secure: str found, true or false is accepted"),
        ({"colour": "red"}, "colour: unknown property, endpoint, accessKey, "),
    ],
)
def test_a_wrong_configuration_is_one_line(server, config, says):
    with pytest.raises(RefusedError) as refused:
        Stack(server, config=config)
    line = str(refused.value)
    assert line.startswith(f"minio-admin provider {says}")
    assert line.splitlines() == [line]
    assert "canary" not in line


# --- the rights of the admin's key


def rights():
    """The actions that the page lists."""
    section = PAGE.read_text().partition("## Rights of the admin's key")[2].partition("\n## ")[0]
    return re.findall(r"^\| `((?:admin|s3):\w+)` \|", section, re.MULTILINE)


def life(stack):
    """Everything that the provider ever does."""
    bucket = {
        "bucket": "artifacts",
        "versioning": True,
        "quotaBytes": 2**20,
        "encryption": {"kmsKeyId": KMS_KEY},
        "lifecycle": [{"id": "a", "expireDays": 1}],
    }
    stack.up("Bucket", bucket)
    stack.up("Policy", EVERYTHING["Policy"])
    stack.up("User", EVERYTHING["User"])
    stack.up("Attachment", {"user": USER, "policies": [POLICY]})
    for kind in ("Bucket", "Policy", "User", "Attachment"):
        stack.refresh(kind)
    stack.up("User", {"name": USER, "status": "disabled"})
    stack.up("User", {"name": USER})
    stack.up("Bucket", {"bucket": "artifacts"})
    stack.server.store().put_object("artifacts", "x", io.BytesIO(b"x"), 1)
    with pytest.raises(ProviderError, match=r"holds 1 object,|ListBucketVersions|refused to"):
        stack.destroy("Bucket")
    stack.destroy("Policy")  # still attached
    stack.destroy("Attachment")
    stack.destroy("User")
    stack.up("Bucket", {"bucket": "artifacts", "forceDestroy": True})
    stack.destroy("Bucket")


def clean(server):
    store, admin = server.store(), server.admin()
    for bucket in store.list_buckets():
        for item in store.list_objects(bucket.name, recursive=True, include_version=True):
            store.remove_object(bucket.name, item.object_name, item.version_id)
        store.remove_bucket(bucket.name)
    for user in (USER, "deployer"):
        with suppress(MinioAdminException):
            admin.user_remove(user)
    for policy in (POLICY, "deployer"):
        admin.policy_remove(policy)


@pytest.fixture
def deployer(server):
    """A stack whose admin has just these rights."""

    def make(actions):
        statements = [
            {"Effect": "Allow", "Action": [a for a in actions if a.startswith("admin:")]},
            {
                "Effect": "Allow",
                "Action": [a for a in actions if a.startswith("s3:")],
                "Resource": ["arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*"],
            },
        ]
        server.admin().policy_add(
            "deployer", policy={"Version": "2012-10-17", "Statement": statements}
        )
        server.admin().user_add("deployer", "long-enough")
        server.admin().policy_set("deployer", user="deployer")
        return Stack(server, config={"accessKey": "deployer", "secretKey": "long-enough"})

    yield make
    clean(server)


def test_the_listed_rights_are_enough(deployer):
    life(deployer(rights()))


@pytest.mark.parametrize("missing", rights() if PAGE.exists() else [])
def test_each_listed_right_is_needed_and_its_lack_one_line(deployer, missing):
    stack = deployer([right for right in rights() if right != missing])
    with pytest.raises((ProviderError, pytest.fail.Exception)) as refused:
        life(stack)
    line = str(refused.value)
    assert line.splitlines() == [line]
    assert "admin rights are needed; docs/minio-admin-provider.md lists them" in line
