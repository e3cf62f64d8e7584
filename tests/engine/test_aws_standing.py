"""Identities that stand on AWS already, in the real engine: refused first, or taken over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from argo_artifacts.access import plan
from argo_artifacts.access.names import OWNER_MARK
from argo_artifacts.config import parse
from argo_artifacts.documents.aws.trust import AUDIENCE
from tests.engine.aws_stack import PLUGINS
from tests.engine.moto_server import ACCOUNT, REGION
from tests.engine.stack import NAMESPACE, EngineStack

if TYPE_CHECKING:
    from tests.engine.moto_server import MotoServer

ISSUER: Final = "https://oidc.example.com/standing"


class Identities:
    """A stack with the roles of one tenant, and IAM as it stands."""

    def __init__(self, stack: EngineStack, moto: MotoServer) -> None:
        self.stack = stack
        self.iam = moto.client("iam")
        self.mark = {"Key": OWNER_MARK, "Value": f"{NAMESPACE}/{self.stack.name}"}

    def configure(self, oidc_provider: str) -> None:
        self.stack.configure(**self._config(oidc_provider))

    def _config(self, oidc_provider: str) -> dict:
        bucket = {"name": self.stack.bucket, "ownership": "use"}
        return {
            "cluster": {
                "name": self.stack.name,
                "kubeconfig": str(self.stack.platform.kubeconfig),
                "oidc": {"issuer": ISSUER},
            },
            "aws": {"account": ACCOUNT, "region": REGION, "oidcProvider": oidc_provider},
            "argo": {"version": "4.0.5", "namespace": self.stack.space("argo")},
            "repositories": {
                "default": {"s3": {"bucket": bucket, "region": REGION, "identity": "irsa"}}
            },
            "tenants": {self.stack.space("a"): {}},
        }

    @property
    def role(self) -> str:
        """Name of a role of the stack."""
        made = plan(
            parse(self._config("use"), project=NAMESPACE, stack=self.stack.name, folder=Path("/"))
        ).aws
        assert made is not None
        return made.roles[0].name

    def refusal(self, word: str) -> str:
        """The one line about *word* with which the preview ends."""
        (line,) = [line for line in self.stack.preview(fails=True).errors if word in line]
        return line


@pytest.fixture(scope="module")
def standing(platform, moto, aws_double, engine_folder, vault) -> Identities:
    stack = EngineStack(
        platform,
        engine_folder,
        "aws-standing",
        vault,
        variables={**moto.variables(), "AWS_DOUBLE": str(aws_double)},
        plugins=PLUGINS,
    )
    return Identities(stack, moto)


def test_what_stands_is_refused_in_the_preview_and_an_issuer_can_be_taken_over(standing):
    iam, stack = standing.iam, standing.stack
    arn = iam.create_open_id_connect_provider(
        Url=ISSUER, ClientIDList=["others", AUDIENCE], Tags=[{"Key": "by", "Value": "others"}]
    )["OpenIDConnectProviderArn"]
    standing.configure("create")
    line = standing.refusal("OIDC provider")
    assert f"OIDC provider {ISSUER} of account {ACCOUNT}: exists without a mark, none is" in line

    standing.configure("adopt")
    role = standing.role
    iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}", Tags=[standing.mark])
    line = standing.refusal("IAM role")
    assert f"IAM role {role} of account {ACCOUNT}: is marked as ours but the state does" in line
    iam.delete_role(RoleName=role)

    said = stack.up().said
    assert "import OpenIdConnectProvider" in {" ".join(line.split()[:2]) for line in said}
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert set(found["ClientIDList"]) == {"others", AUDIENCE}
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert tags == {"by": "others", OWNER_MARK: standing.mark["Value"]}
    stack.preview("--expect-no-changes")

    stack.destroy()
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["Url"]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=role)
