"""A real kubelet, containerd and Argo controller on this machine, closed off from it.

``make e2e`` runs ``python -m tools.e2e``: it looks whether the machine can, then runs the tests
of ``tests/e2e`` inside an enclosure, and cleans up. The tests make their cluster with
:class:`tools.e2e.platform.RealPods`.
"""
