"""Access plan: all grants of a stack, decided in one pure function."""

from argo_artifacts.access.grants import AccessPlan, Credential, Grant
from argo_artifacts.access.plan import plan

__all__ = ["AccessPlan", "Credential", "Grant", "plan"]
