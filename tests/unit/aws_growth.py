"""What a tenant costs on AWS, by identity: the generated part of ``docs/aws.md``.

``python -m tests.unit.aws_growth`` writes it; a test keeps it in step.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from argo_artifacts.access.inventory import count, inventory
from argo_artifacts.documents.aws import identity, sizes
from tests.unit.aws_stacks import on_aws, store

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = Path(__file__).parents[2] / "docs/aws.md"
BEGIN, END = "<!-- growth -->\n", "<!-- /growth -->\n"

FEW, MANY = 1, 1000
IDENTITIES: Mapping[str, tuple[str, dict[str, object]]] = {
    "`irsa`": ("irsa", {}),
    "`podIdentity` shared": ("podIdentity", {}),
    "`podIdentity` perTenant": ("podIdentity", {"podIdentity": {"shape": "perTenant"}}),
    "`accessKeys`": ("accessKeys", {}),
    "`assumeRole` by pods": ("assumeRole", {}),
    "`assumeRole` by refresher": ("assumeRole", {"assumeRole": {"by": "refresher"}}),
    "`accessGrants`": ("accessGrants", {"accessGrants": {"instance": "create"}}),
    "`node`": ("node", {}),
}
COUNTED = {
    "roles": "IAM role",
    "policies": "",
    "users": "IAM user",
    "associations": "Pod Identity association",
    "grants": "Access grant",
}


LIMITS = {
    "roles": (sizes.MAX_ROLES, "roles"),
    "users": (sizes.MAX_USERS, "users"),
    "associations": (sizes.MAX_ASSOCIATIONS, "associations of a cluster"),
    "grants": (sizes.MAX_GRANTS, "grants"),
}


@cache
def cost(name: str, tenants: int) -> dict[str, int]:
    """What *tenants* tenants with the identity *name* need: one repository, one bucket."""
    word, more = IDENTITIES[name]
    made, access = on_aws(
        {"default": store(word, **more)},
        tenants={f"tenant-{index:04}": {} for index in range(tenants)},
    )
    found = {str(kind): number for kind, number in count(inventory(made, access)).items()}
    of_roles = [len(identity.policies(made, role)) for role in access.aws.roles]
    return {word: found.get(kind, 0) for word, kind in COUNTED.items()} | {
        "policies": len(access.aws.users) + sum(of_roles),
        "largest": max(of_roles, default=0),
    }


def room(name: str) -> str:
    """How many tenants fit into the numbers that an account or cluster may have."""
    few, many = cost(name, FEW), cost(name, MANY)
    a_tenant = {word: (many[word] - few[word]) // (MANY - FEW) for word in LIMITS}
    fits = [
        f"{(most - few[word]) // a_tenant[word] + FEW:,} ({most:,} {named})"
        for word, (limit, named) in LIMITS.items()
        for most in ([sizes.USUAL_ROLES, limit] if word == "roles" else [limit])
        if a_tenant[word]
    ]
    return ", ".join(fits) or "no limit"


def block() -> str:
    """The generated part."""
    head = ["identity", *COUNTED, "policies of the largest role", "tenants that fit"]
    rows = [head, ["---"] * len(head)]
    for name in IDENTITIES:
        few, many = cost(name, FEW), cost(name, MANY)
        grown = [f"{few[word]:,} → {many[word]:,}" if many[word] else "none" for word in COUNTED]
        largest = f"{many['largest']} of {sizes.MAX_ATTACHED}" if many["largest"] else "none"
        rows.append([name, *grown, largest, room(name)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def page(text: str) -> str:
    """*text* of the page with the part of today."""
    return re.sub(f"(?<={BEGIN}).*(?={END})", lambda _: block(), text, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
