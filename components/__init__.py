"""Pulumi components: the only package that imports pulumi."""
