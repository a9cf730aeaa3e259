"""What a person writes into the site file becomes configuration, and nothing more than that."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from adapters.asterisk import (
    config,
    facts,
    help_values,
    house_values,
    queue_music,
    refer_values,
    site_values,
)
from adapters.asterisk.call_facts import ARGUMENTS
from adapters.asterisk.config import TEMPLATES, Folders, fill, module_names, prompt_texts, render
from adapters.asterisk.doctor import is_fixed
from adapters.asterisk.site_values import BadPlace, values_of
from ivr.hot_desks import Came
from ivr.settings import Settings, load

FOLDERS = {"RUN": "/run", "STATE": "/state", "MODULES": "/modules", "MUSIC": "/music"}


def settings(root: Path, site: str = "{}", centre: str = "{}") -> Settings:
    (root / "home").mkdir(exist_ok=True)
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "site.yaml").write_text(site)
    (root / "data" / "centre.yaml").write_text(centre)
    return load({"HOTLINE_HOME": str(root / "home"), "HOTLINE_DATA": str(root / "data")})


def rendered(given: Settings, template: str) -> str:
    return fill((TEMPLATES / template).read_text(encoding="utf-8"), values(given))


def values(given: Settings) -> dict[str, str]:
    found = (
        values_of(given) | queue_music.values(given) | refer_values.values(given.site, given.centre)
    )
    return found | house_values.values(given) | help_values.values(given) | FOLDERS


def test_every_template_is_filled_and_no_value_is_left_over(tmp_path: Path) -> None:
    given = settings(tmp_path)
    whole = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.conf"))
    assert set(re.findall(r"@([A-Z_]+)@", whole)) == set(values(given))


def test_an_unknown_name_in_a_template_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("port = @NO_SUCH_PORT@", {})


@pytest.mark.parametrize(
    "site",
    [
        'phones: {a1: {secret: "x\\ncontext=from-trunk"}}',
        'languages: [zh, "zh)"]\nnumbers: {"4000": {language: "zh)"}}',
        "languages: [zh, e]",
    ],
)
def test_a_value_cannot_smuggle_configuration_in(tmp_path: Path, site: str) -> None:
    with pytest.raises(BadPlace):
        values_of(settings(tmp_path, site))


def test_a_semicolon_in_a_password_is_not_a_comment(tmp_path: Path) -> None:
    given = settings(tmp_path, 'phones: {a1: {secret: "abc;def"}}')
    assert "password = abc\\;def" in rendered(given, "pjsip.conf")


def test_only_our_numbers_are_answered_and_no_pattern_dials(tmp_path: Path) -> None:
    given = settings(tmp_path, 'numbers: {"4000": {}, "+861": {queue: support}}')
    dialplan = rendered(given, "extensions.conf")
    for context, end in (("[from-trunk]", "[from-agent]"), ("[from-agent]", "[acd-number]")):
        entry = dialplan.partition(f"\n{context}\n")[2].partition(f"\n{end}\n")[0]
        known = set(re.findall(r"^exten => ([^,]+),", entry, re.MULTILINE))
        agents = set(given.centre.agents) if context == "[from-agent]" else set()
        assert known == {"4000", "+861"} | agents
    dials = re.findall(r",Dial\(([^,]*)", dialplan)
    assert dials == ["${RING:1}", "PJSIP/${ARG3}"], "phones of the house alone"


def test_a_destination_has_an_account_like_any_phone_of_the_house(tmp_path: Path) -> None:
    given = settings(tmp_path, 'destinations: {desk: {phone: "2001", secret: "a;b"}}')
    accounts = rendered(given, "pjsip.conf")
    assert "[2001](phone)" in accounts and "password = a\\;b" in accounts


def test_an_agents_phone_may_send_callers_to_names_of_the_house_alone(tmp_path: Path) -> None:
    site = 'phones: {ann: {}}\ndestinations: {desk: {phone: "2001"}}\nnumbers: {"4000": {}}'
    given = settings(tmp_path, site)
    accounts = rendered(given, "pjsip.conf")
    assert "[ann](agent-phone)" in accounts and "[2001](phone)" in accounts
    refers = rendered(given, "refers.conf").partition("[acd-refer]")[2]
    known = re.findall(r"^exten => ([^,]+),1,GotoIf", refers, re.MULTILINE)
    centre = given.centre
    assert set(known) == {*centre.agents, "desk", *centre.queues, "4000"}
    assert "allow_transfer = no" in accounts.partition("[trunk]")[0]


def test_a_telephone_in_a_talk_may_call_agents_and_the_hotline_alone(tmp_path: Path) -> None:
    site = 'phones: {ann: {}}\ndestinations: {desk: {phone: "2001"}}\nnumbers: {"4000": {}}'
    centre = "{queues: {support: {}}, agents: {ann: {queues: [support]}, '4000': {}, s: {}}}"
    given = settings(tmp_path, site, centre)
    own = rendered(given, "extensions.conf").partition("[from-agent]")[2].partition("[acd-")[0]
    assert "include => colleagues" in own
    own += rendered(given, "refers.conf").partition("[colleagues]")[2]
    known = re.findall(r"^exten => ([^,]+),1,(\w+)", own, re.MULTILINE)
    assert known == [("4000", "Goto"), ("desk", "NoOp"), ("ann", "NoOp")], "never one of both"
    assert own.count("Set(TO_PHONE=") == 1 and "Set(TO_PHONE=2001)" in own


def test_an_invite_that_would_take_a_place_in_a_talk_is_nobodys(tmp_path: Path) -> None:
    accounts = rendered(settings(tmp_path), "pjsip.conf")
    assert re.search(r"^endpoint_identifier_order = header,", accounts, re.MULTILINE)
    refused = accounts.partition("[replaces](base)")[2].partition("; ----")[0]
    assert "deny = 0.0.0.0/0.0.0.0" in refused and "match_header = Replaces: " in refused
    assert "identify_by = header" in refused, "nobody may say that this is their name"


def test_each_number_leads_to_its_own_queue(tmp_path: Path) -> None:
    given = settings(tmp_path, 'numbers: {"1": {language: en}, "2": {language: zh}}')
    numbers = rendered(given, "extensions.conf").partition("[acd-number]")[2]
    assert numbers.index("=> 1,1") < numbers.index("LANG=en") < numbers.index("=> 2,1")


def test_the_core_may_place_calls_and_no_more(tmp_path: Path) -> None:
    manager = rendered(settings(tmp_path), "manager.conf")
    granted = re.search(r"^write = (.*)$", manager, re.MULTILINE)
    assert granted and set(granted[1].split(",")) == {"call", "originate", "reporting"}
    assert "bindaddr = 127.0.0.1" in manager and "webenabled = no" in manager


def test_the_script_is_handed_what_it_reads_in_its_order() -> None:
    dialplan = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    line = re.search(r"AGI\(\$\{ACD_AGI\},(.*)\)", dialplan)
    assert line
    names = ["ACD_AGI_SECRET", *ARGUMENTS[1:]]
    assert line[1] == ",".join(f"${{{name}}}" for name in names)


def test_no_application_is_handed_what_the_caller_has_keyed() -> None:
    """Arguments can be seen from outside while an application runs."""
    dialplan = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    run = re.findall(r"^(?:exten| same) => (?:[^,]*,)*?[n1](?:\(\w+\))?,(\w+)\((.*)\)$", dialplan,
                     re.MULTILINE)  # fmt: skip
    assert {"AGI", "ExecIf", "Read"} <= {application for application, _ in run}
    for application, given in run:
        told = re.sub(r"LEN\(\$\{HOTLINE_TYPED\}\)|\$\[[^]]*\]", "", given)
        assert "${HOTLINE_TYPED}" not in told, application
        assert "${HOTLINE_VALUES}" not in told, application


def test_every_user_event_that_is_understood_is_let_through() -> None:
    manager = (TEMPLATES / "manager.conf").read_text(encoding="utf-8")
    let_through = re.findall(r"^eventfilter.*header\(UserEvent\).* = (\w+)$", manager, re.MULTILINE)
    assert set(let_through) == facts.USER_EVENTS


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("asterisk.conf", "live_dangerously = no"),
        ("asterisk.conf", "disable_remote_console_shell = yes"),
        ("modules.conf", "autoload = no"),
        ("rtp.conf", "strictrtp = yes"),
        ("pjsip.conf", "max_contacts = 1"),
        ("pjsip.conf", "allow_transfer = no"),
    ],
)
def test_what_keeps_it_safe_stays(file: str, line: str) -> None:
    assert line in (TEMPLATES / file).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("kind", ["http", "ari", "anonymous", "system", "curl", "shell", "queue"])
def test_no_module_that_opens_another_door(kind: str) -> None:
    assert [name for name in module_names() if kind in name] in ([], ["res_http_websocket.so"])


def test_signs_of_life_are_not_reset_by_a_reload(tmp_path: Path) -> None:
    dialplan = rendered(settings(tmp_path), "extensions.conf")
    listed = dialplan.partition("\n[globals]\n")[2].partition("\n[")[0]
    assert not re.search(r"^(ACD_EPOCH|ACD_ALIVE)=", listed, re.MULTILINE)


def test_a_caller_never_takes_a_lock_and_no_h_extension_is_used() -> None:
    dialplan = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8")
    assert "LOCK(" not in dialplan
    assert not re.search(r"^exten => h,", dialplan, re.MULTILINE)


def test_every_prompt_of_the_dialplan_has_its_text_in_both_languages() -> None:
    files = TEMPLATES.glob("extensions*.conf")
    dialplan = "".join(file.read_text(encoding="utf-8") for file in files)
    spoken = set(re.findall(r"hotline/\$\{\w+\}/([a-z-]+)", dialplan))
    assert "desk-" in spoken  # and a word of ours
    spoken = spoken - {"desk-"} | {f"desk-{word}" for word in Came}
    by_script = {"refused", "resume", "resume-online"}  # to the blocked, and who calls again
    assert spoken | by_script == set(prompt_texts())
    assert all({"zh", "en"} <= set(texts) for texts in prompt_texts().values())


def test_the_end_of_a_leg_is_read_before_what_it_left_for() -> None:
    """The leg says what it leaves for, then that it ends: read the other way round, a transfer
    whose two words come in between looks like an agent who has hung up, and the caller is let go.
    """
    after = (TEMPLATES / "extensions.conf").read_text(encoding="utf-8").partition("[acd-after]")[2]
    held = (TEMPLATES / "extensions_talk.conf").read_text(encoding="utf-8").partition("left,1")[2]
    for place in (after, held):
        reads = re.findall(r"Set\([DE]=\$\{SHARED\((END|DESK)\)\}\)", place)
        assert reads[:2] == ["END", "DESK"]


def test_two_starts_never_share_a_contact_id(tmp_path: Path) -> None:
    given = settings(tmp_path)
    assert values_of(given)["SYSTEM_NAME"] != values_of(given)["SYSTEM_NAME"]


def test_a_home_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    with pytest.raises(BadPlace, match="HOTLINE_HOME"):
        render(settings(deep))


TABLE = "# comment\n20 20.20.1\n20.7-cert 20.7-cert11\n22 22.10.1\n"


@pytest.mark.parametrize(
    ("told", "fixed"),
    [
        ("Asterisk 22.10.1+dfsg", True), ("Asterisk 22.10.0", False), ("Asterisk 22.9.5", False),
        ("Asterisk 20.20.1", True), ("Asterisk 21.9.9", False), ("Asterisk 23.0.0", True),
        ("Asterisk 20.7-cert11", True), ("Asterisk 20.7-cert9", False), ("nothing", False),
    ],
)  # fmt: skip
def test_a_version_below_the_fixed_release_is_known(told: str, fixed: bool) -> None:
    assert is_fixed(told, TABLE) is fixed


def test_the_fallback_waits_a_minute() -> None:
    assert site_values.FALLBACK_AFTER == 60


def test_no_number_outside_and_no_place_for_one_is_in_the_dialplan(tmp_path: Path) -> None:
    """A telephone sends nobody outside by itself: the rules are the core's, for each call anew."""
    given = settings(
        tmp_path,
        'trunks: {north: {address: 192.0.2.1, caller_ids: ["+861012345678"]}}\n'
        'outbound: {allow: ["+86"]}\n'
        'destinations: {desk: {phone: "2001"}, mobile: {number: "+8613800138000"}}',
    )
    refers = refer_values.values(given.site, given.centre)["REFERS"]
    assert "exten => desk,1," in refers and "mobile" not in refers
    whole = [
        rendered(given, name) for name in ("extensions.conf", "extensions_talk.conf", "refers.conf")
    ]
    assert "13800138000" not in "".join(whole)


def test_a_file_that_another_process_renames_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = Folders.of(settings(tmp_path))
    for folder in (*folders.all(), *(folders.run / name for name in ("etc", "keys", "ctl"))):
        folder.mkdir(parents=True, exist_ok=True)
    for name in ("lib", "log", "takes"):
        (folders.run / name).mkdir(exist_ok=True)
    (folders.run / "web.new").touch()
    kept: list[str] = []

    def chown(path: Path, uid: int, gid: int, follow_symlinks: bool = True) -> None:
        if path.name == "web.new":
            raise FileNotFoundError(path)
        kept.append(path.name)

    monkeypatch.setattr(os, "chown", chown)
    config._protect(folders, config.User(os.getuid(), os.getgid()))
    assert "keys" in kept
