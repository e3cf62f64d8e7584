"""Verify: what each credential of the plan really may do at the store, and is really refused.

``expectations`` says what should be, ``lookup`` finds the credentials as Argo would, ``probes``
asks the store, ``run`` puts them together and cleans up, ``report`` and ``table`` tell.
"""

from argo_artifacts.verify.report import Report, Row
from argo_artifacts.verify.run import Request, verify

__all__ = ["Report", "Request", "Row", "verify"]
