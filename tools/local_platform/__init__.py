"""A Kubernetes API, a MinIO server and a Pulumi backend on this machine, for one checkout.

``python -m tools.local_platform up|down|status|env`` is what ``make`` calls; tests make
platforms of their own with :class:`tools.local_platform.platform.LocalPlatform` and
:class:`tools.local_platform.runner.PulumiRunner`.
"""
