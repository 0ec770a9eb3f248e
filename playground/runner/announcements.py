"""Whether the service tells us by itself when the tasks of an account end."""

from dataclasses import dataclass


@dataclass(slots=True)
class Announcements:
    """
    Believed while it holds: `is_heard` from the first event about a task of the account until a
    task ends of which nothing was told. Where they are heard, asking is only a safety net.
    """

    is_heard: bool = False
