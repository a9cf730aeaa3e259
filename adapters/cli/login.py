"""Who runs a command, where nobody says who they are."""

from __future__ import annotations

import os
import pwd


def login() -> str:
    """Who runs this command."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
