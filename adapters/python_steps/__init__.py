"""Python functions of the installation, run beside the event loop."""
