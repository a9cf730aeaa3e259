"""Trunks of the site file: what is refused there, and what becomes Asterisk's configuration."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.asterisk import config, trunk_looks
from adapters.asterisk import trunks as rendered
from adapters.asterisk.config import TEMPLATES
from adapters.asterisk.findings import Level
from adapters.asterisk.instance import Instance
from adapters.asterisk.site_values import BadPlace, values_of
from adapters.asterisk.trunk_looks import TrunkState
from ivr.settings import BadSettings, Settings, load

NORTH = 'north: {address: "192.0.2.10:5080", caller_ids: ["+861012345678"]}'


def settings(root: Path, site: str, centre: str = "{}") -> Settings:
    for name, text in (("site", site), ("centre", centre)):
        (root / "data").mkdir(exist_ok=True)
        (root / "data" / f"{name}.yaml").write_text(text)
    return load({"HOTLINE_HOME": str(root / "home"), "HOTLINE_DATA": str(root / "data")})


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ("trunks: {a: {}}", "either `address` or `register`"),
        ('trunks: {a: {address: "192.0.2.1", transport: tls}}', "needs a certificate"),
        ('trunks: {a: {address: "192.0.2.1", media_encryption: sdes}}', "transport: tls"),
        ('trunks: {a: {address: "sip.example.org"}}', "`sources`"),
        ('trunks: {a: {address: "192.0.2.1\\ncontext=acd-wait"}}', "is a host or an address"),
        ('trunks: {a: {address: "192.0.2.1:99999"}}', "is a host or an address"),
        ('trunks: {a: {address: "192.0.2.1", sources: ["0.0.0.0/0"]}}', "too many addresses"),
        ('trunks: {a: {address: "192.0.2.1", sends: national}}', "`country`"),
        ('trunks: {a: {address: "192.0.2.1", codecs: [opus]}}', "codecs"),
        ('trunks: {a: {address: "192.0.2.1", caller_ids: ["010"]}}', "caller_ids"),
        ('trunks: {a: {address: "192.0.2.1"}, b: {address: "192.0.2.1:5080"}}', "whose call"),
        (f'trunks: {{{NORTH}}}\noutbound: {{trunks: [nroth]}}', "did you mean 'north'"),
        (f'trunks: {{{NORTH}}}\noutbound: {{trunks: [north, north]}}', "once"),
        (f'trunks: {{{NORTH}}}\noutbound: {{caller_id: "+861000000000"}}', "of no trunk"),
        (f'trunks: {{{NORTH}}}\noutbound: {{caller_ids: {{sails: "+861012345678"}}}}', "sails"),
        ('outbound: {allow: ["+86"]}', "nothing could be dialled"),
        ('outbound: {allow: ["0086"]}', "outbound.allow"),
        ('numbers: {"4000": {hours: weekdays}}', "go together"),
        ('numbers: {"4000": {hours: weekdays, closed: main}}', "there are no hours 'weekdays'"),
        ('numbers: {"4000": {longest_call: 1}}', "longest_call"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_with_its_place(tmp_path: Path, site: str, said: str) -> None:
    with pytest.raises(BadSettings) as caught:
        settings(tmp_path, site)
    assert said in str(caught.value) and "site.yaml" in str(caught.value)


def test_a_password_is_read_from_a_file_and_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "account").write_text("s;cret\n")
    account = '{server: sip.example.org, user: acme, secret: "${file:account}"}'
    given = settings(tmp_path, f"trunks: {{south: {{register: {account}}}}}")
    assert "password = s\\;cret" in rendered.values(given)["TRUNKS"].splitlines()
    assert "s;cret" not in repr(given)


def test_a_trunk_with_an_account_registers_for_ever_and_is_called_by_its_line(
    tmp_path: Path,
) -> None:
    account = "{server: sip.example.org, user: acme, secret: x}"
    given = settings(tmp_path, f"trunks: {{south: {{register: {account}, transport: tcp}}}}")
    lines = rendered.values(given)["TRUNKS"].splitlines()
    assert {"line = yes", "endpoint = trunk.south", "auth_rejection_permanent = no"} <= set(lines)
    assert "server_uri = sip:sip.example.org\\;transport=tcp" in lines
    assert "[tcp]" in rendered.values(given)["TRANSPORTS"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_trunk_is_asked_whether_it_is_there_unless_the_site_says_otherwise(
    tmp_path: Path, asked: bool
) -> None:
    more = "" if asked else ", asked: false"
    lines = rendered.values(settings(tmp_path, f"trunks: {{{NORTH[:-1]}{more}}}}}"))["TRUNKS"]
    assert ("qualify_frequency = 15" in lines) is asked
    assert "contact = sip:192.0.2.10:5080" in lines, "it is dialled in any case"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TrunkState("a", True, ""), "answers"),
        (TrunkState("a", False, "Registered"), "does not answer, registered"),
        (TrunkState("a", False, "", asked=False), "is not asked"),
        (TrunkState("a", False, "Rejected", asked=False), "is not asked, rejected"),
    ],
)
def test_how_a_trunk_is_stands_in_a_few_words(state: TrunkState, said: str) -> None:
    assert str(state) == said


def test_a_trunk_that_takes_no_calls_is_recognized_by_nothing(tmp_path: Path) -> None:
    site = 'trunks: {out: {address: "192.0.2.1", incoming: false}}'
    values = rendered.values(settings(tmp_path, site))
    assert "context = acd-nobody" in values["TRUNKS"] and "identify" not in values[
        "TRUNKS"
    ].replace("identify_by", "")
    assert values["TRUNK_NUMBERS"] == ""


def test_no_endpoint_of_a_trunk_is_found_by_a_name_that_anybody_can_write(tmp_path: Path) -> None:
    given = settings(tmp_path, f"trunks: {{{NORTH}}}")
    own = rendered.values(given)["TRUNKS"].partition("type = aor")[0]
    assert "identify_by = ip" in own.splitlines()
    pjsip = (TEMPLATES / "pjsip.conf").read_text(encoding="utf-8")
    assert "identify_by = ip" in pjsip.partition("[trunk](base)")[2].partition("[")[0]


def test_a_trunk_on_this_machine_is_told_from_callers_on_this_machine(tmp_path: Path) -> None:
    given = settings(tmp_path, 'trunks: {gate: {address: "127.0.0.7:5080"}}')
    lines = rendered.values(given)["TRUNK_MATCHES"].splitlines()
    own = [ipaddress.ip_network(line.removeprefix("match = ")) for line in lines]
    at = {text: [ipaddress.ip_address(text) in network for network in own]
          for text in ("127.0.0.1", "127.0.0.7", "127.255.255.254")}  # fmt: skip
    assert [any(found) for found in at.values()] == [True, False, True]


def test_numbers_are_answered_in_every_form_that_the_trunk_may_write(tmp_path: Path) -> None:
    trunk = NORTH.removesuffix("}") + ', country: "86"}'
    site = f'numbers: {{"4000": {{}}, "+861012345678": {{}}}}\ntrunks: {{{trunk}}}'
    entries = rendered.values(settings(tmp_path, site))["TRUNK_NUMBERS"]
    forms = re.findall(r"^exten => ([^,]+),1,Gosub.*\n.*Goto\(from-trunk,([^,]+),", entries, re.M)
    full = "+861012345678"
    assert dict(forms) == {"4000": "4000", full: full, full[1:]: full, "01012345678": full}


def test_a_short_number_of_the_site_stands_before_another_form_of_a_long_one(
    tmp_path: Path,
) -> None:
    site = f'numbers: {{"+8601": {{}}, "8601": {{}}}}\ntrunks: {{{NORTH}}}'
    entries = rendered.values(settings(tmp_path, site))["TRUNK_NUMBERS"]
    assert (
        "exten => 8601,1,Gosub(acd-line,s,1(north))\n same => n,Goto(from-trunk,8601,1)" in entries
    )


def test_no_destination_is_part_of_an_expression_and_all_are_filtered_where_they_are_dialled() -> (
    None
):
    text = (TEMPLATES / "trunks.conf").read_text(encoding="utf-8")
    for expression in re.findall(r"\$\[(.*)\]", text):
        plain = re.sub(r"LEN\(\$\{[A-Z_]+\}\)", "", expression)
        assert not re.search(r"ROUTE|OUT_NUMBER|OUT_TO|OUT_FROM|FROM_|\{TO|EXTEN", plain)
    assert re.findall(r"Set\((OUT_NUMBER|OUT_TRUNK|OUT_FROM)=\$\{FILTER\(", text)
    [dial] = re.findall(r",Dial\((.*)\)$", text, re.MULTILINE)
    assert set(re.findall(r"\$\{(\w+)", dial)) == {
        "OUT_NUMBER", "OUT_TRUNK", "OUT_SECONDS", "OUT_FROM", "CHANNEL", "OUT_OPTIONS",
    }  # fmt: skip


def test_a_longest_call_of_the_house_is_told_to_every_call_that_it_places(tmp_path: Path) -> None:
    assert values_of(settings(tmp_path, "outbound: {longest_call: 30}"))["OUT_LIMIT"] == (
        "L(1800000:60000)"
    )
    assert values_of(settings(tmp_path, ""))["OUT_LIMIT"] == ""
    dialplan = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    leg = dialplan.partition("[acd-calling]")[2].partition("\n[")[0]
    (bridge,) = re.findall(r",Bridge\(.*\)$", leg, re.MULTILINE)
    assert "${LIMIT}" in bridge
    for name in ("extensions.conf", "extensions_second.conf"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        (options,) = re.findall(r"Set\(OUT_OPTIONS=(.*)\)$", text, re.MULTILINE)
        assert options.endswith("${OUT_LIMIT}"), name


def test_whoever_is_handed_a_caller_is_paused_where_their_recording_is() -> None:
    for name in ("extensions.conf", "extensions_second.conf"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        rings = re.findall(r"(?:,Dial\(PJSIP/.*|Set\(OUT_OPTIONS=.*)$", text, re.MULTILINE)
        assert len(rings) == 2 and all("U(acd-paused^" in one for one in rings), name


def test_a_longest_call_is_told_to_the_bridge(tmp_path: Path) -> None:
    values = values_of(settings(tmp_path, 'numbers: {"4000": {longest_call: 30}}'))
    assert "Set(SHARED(LIMIT)=L(1800000:60000))" in values["NUMBER_DEFAULTS"]
    dialplan = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    leg = dialplan.partition("[acd-agent]")[2].partition("\n[")[0]
    (bridge,) = re.findall(r",Bridge\(.*\)$", leg, re.MULTILINE)
    assert "${LIMIT}" in bridge
    assert "load = bridge_builtin_interval_features.so" in (TEMPLATES / "modules.conf").read_text(
        encoding="utf-8"
    )


# ---------------------------------------------------------------- TLS


def pair(folder: Path, days: int = 90) -> None:
    """A certificate that holds for so many days, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hotline.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(plain)


SECURE = (
    "tls: {certificate: tls/cert.pem, key: tls/key.pem}\n"
    'trunks: {safe: {address: "192.0.2.1", transport: tls, media_encryption: sdes}}'
)


def test_a_trunk_over_tls_checks_the_other_side_and_encrypts_speech(tmp_path: Path) -> None:
    values = rendered.values(settings(tmp_path, SECURE))
    assert "verify_server = yes" in values["TRANSPORTS"]
    assert "method = tlsv1_2" in values["TRANSPORTS"]
    assert "media_encryption = sdes" in values["TRUNKS"]
    assert "contact = sip:192.0.2.1\\;transport=tls" in values["TRUNKS"]


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    given = settings(tmp_path, SECURE)
    given.home.mkdir()
    with pytest.raises(BadPlace, match=r"cert\.pem, which `tls` of site\.yaml names, cannot"):
        config.render(given)


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [(90, None, ""), (10, Level.WARN, "runs out soon"), (-1, Level.FAIL, "has run out")],
)
def test_doctor_tells_of_a_certificate_before_it_runs_out(
    tmp_path: Path, days: int, level: Level | None, said: str
) -> None:
    given = settings(tmp_path, SECURE)
    pair(given.data / "tls", days)
    found = list(trunk_looks.certificate(Instance(given)))
    assert [(fault[0], said in fault[1]) for fault in found] == ([(level, True)] if level else [])


def test_doctor_tells_of_a_key_that_is_another_certificates(tmp_path: Path) -> None:
    given = settings(tmp_path, SECURE)
    pair(given.data / "tls")
    cert = (given.data / "tls" / "cert.pem").read_bytes()
    pair(given.data / "tls")
    (given.data / "tls" / "cert.pem").write_bytes(cert)
    [(level, what, way_out)] = trunk_looks.certificate(Instance(given))
    assert level is Level.FAIL and "is not that of the certificate" in what and way_out


@pytest.mark.parametrize("file", ["cert.pem", "key.pem"])
def test_doctor_tells_of_files_that_are_no_certificate_and_no_key(
    tmp_path: Path, file: str
) -> None:
    given = settings(tmp_path, SECURE)
    pair(given.data / "tls")
    (given.data / "tls" / file).write_text("-----BEGIN NONSENSE-----")
    [(level, what, _)] = trunk_looks.certificate(Instance(given))
    assert level is Level.FAIL and file in what
