"""The one error for anything a user can cause, and what a cancelled computation raises."""


class UserError(Exception):
    """Bad input or a missing resource; ``str(error)`` says what happened and what to do.

    Screens show the message, the command line prints it on one line and exits with code 2.
    """


class ResourceError(UserError):
    """The input was right, but something it needs is missing, damaged or out of reach: a download,
    a checkpoint, a package. The command line exits with code 1."""


class Cancelled(Exception):  # noqa: N818  (nothing went wrong)
    """A computation was asked to stop, and did; what called it knows, so no one is told."""
