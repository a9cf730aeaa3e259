"""The journal as Asterisk's `queue_log`, for reporting tools that read nothing else. Pure."""
