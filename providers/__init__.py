"""Plugins of ours that Pulumi starts."""
