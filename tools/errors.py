"""The one error that these tools show to people."""


class ToolError(Exception):
    """Something a person can put right; its text is shown as it is, without a traceback.

    The first line follows the grammar of the project's messages:
    ``<path>: <what was found>, <what is accepted>[; <what to do>]``.
    """
