"""Channels beside the telephone: texts come in and go out, signed, over HTTP."""
