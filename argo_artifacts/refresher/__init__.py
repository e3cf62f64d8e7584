"""Refresher: keeps the temporary credentials of one entry fresh, in a pod of its own.

It knows nothing of the stack but its arguments, and imports no other room: its image needs boto3
and lightkube alone.
"""
