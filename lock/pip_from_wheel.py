"""Runs the pip of Debian's `python3-pip-whl` (argument 1: the wheel) where nothing is installed.

That pip reads the machine's bundle of certificates while it is imported and fails where there is
none, although `SSL_CERT_FILE` names one.
"""

import os
import sys

sys.path.insert(0, sys.argv.pop(1))

from pip._vendor import certifi

if bundle := os.environ.get("SSL_CERT_FILE"):
    certifi.where = lambda: bundle

from pip._internal.cli.main import main

sys.exit(main())
