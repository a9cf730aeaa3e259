"""The settings of an installation in the words of Asterisk's configuration files. Pure text.

Whatever a person wrote into the site file is checked here: no value can begin a new line, end a
quoted word or name a file.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable

from acd.config import Centre
from adapters.asterisk import trunks
from ivr.addresses import in_url
from ivr.recording_settings import RecordingSettings
from ivr.settings import NumberEntry, Settings

FALLBACK_AFTER = 60
"""Seconds without a sign of life from the core before the fallback phones ring."""
SPARE_CALLS = 50


class BadPlace(Exception):
    """The private Asterisk cannot live here; the message says why and what to do."""


def values_of(settings: Settings) -> dict[str, str]:
    """What stands for each `@NAME@` of the templates, but for the folders."""
    site, ports = settings.site, settings.ports
    first, last = ports.rtp
    return {
        "SYSTEM_NAME": secrets.token_hex(4),
        "MAX_CALLS": str((last - first + 1) // 2 - SPARE_CALLS),
        "MAX_LOAD": str(16 * (os.cpu_count() or 1)),
        "AMI_PORT": str(ports.ami),
        "AMI_SECRET": settings.secret("ami"),
        "AGI_PORT": str(ports.agi),
        "AGI_SECRET": settings.secret("agi"),
        "SIP_PORT": str(ports.sip),
        "LISTEN": in_url(site.listen),
        "EXTERNAL": _lines(trunks.external(site.external_address)),
        "RTP_FIRST": str(first),
        "RTP_LAST": str(last),
        "PHONES": _lines(_phone(name, settings.phone_secret(name), name in site.phones)
                         for name in site.accounts),
        "NUMBERS": _lines(f"exten => {number},1,Goto(acd-entry,${{EXTEN}},1)"
                          for number in site.numbers),
        "AGENT_NUMBERS": _lines(f"exten => {number},1,Goto(acd-own,${{EXTEN}},1)"
                                for number in site.numbers),
        "NUMBER_DEFAULTS": _lines(_number(n, entry) for n, entry in site.numbers.items()),
        "NEXT_LANGUAGES": _next_languages(site.languages),
        "AGENT_LANG": site.languages[0],
        "CREDITS": _lines(f"{name}={credit}"
                          for name, credit in credits_of(settings.centre).items()),
        "OUT_LIMIT": limit_of(site.outbound.longest_call),
        "LAST_MINUTE": str(settings.run / "tones" / "last-minute"),
        "FALLBACK_AFTER": str(FALLBACK_AFTER),
        "FREE_PHONES": _free_phones(site.fallback),
        **trunks.values(settings),
        "RECORDING_OF_QUEUES": _recording(site.recording, settings.centre.queues),
    }  # fmt: skip


def credits_of(centre: Centre) -> dict[str, str]:
    """The global variables by which the dialplan orders callers while the core is away."""
    classes = {f"ACD_CREDIT_{name}": class_.credit for name, class_ in centre.classes.items()}
    urgent = {f"ACD_URGENCY_{name}": credit for name, credit in centre.urgency.items()}
    return {name: str(round(credit)) for name, credit in (classes | urgent).items()}


def _recording(recording: RecordingSettings, queues: Iterable[str]) -> str:
    """Which queues' talks are recorded; queues that Asterisk has never heard of are as others."""
    return _lines([
        f"RECORD_OTHERS={recording.others}", f"RECORD_WHEN_FULL={recording.when_full}",
        *(f"RECORDED_{queue}={recording.policy(queue)}" for queue in queues),
    ])  # fmt: skip


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _phone(name: str, secret: str, agents: bool) -> str:
    if not secret.isprintable() or not secret:
        raise BadPlace(f"the secret of phone {name} has characters that cannot be written")
    quoted = secret.replace(";", "\\;")
    return _lines([
        f"[{name}]({'agent-phone' if agents else 'phone'})",
        f"auth = {name}", f"aors = {name}", f"callerid = <{name}>",
        f"[{name}](phone-auth)", f"username = {name}", f"password = {quoted}",
        f"[{name}](phone-aor)",
    ])  # fmt: skip


def _number(number: str, entry: NumberEntry) -> str:
    return _lines([
        f"exten => {number},1,Set(QUEUE={entry.queue})",
        f" same => n,Set(CLASS={entry.class_})",
        *_limit(entry.longest_call),
        *_set_language(entry.language),
    ])  # fmt: skip


def _limit(minutes: float | None) -> list[str]:
    limit = limit_of(minutes)
    return [f" same => n,Set(SHARED(LIMIT)={limit})"] if limit else []


def limit_of(minutes: float | None) -> str:
    """An option of Bridge and Dial, so that it holds whatever becomes of us; empty without one. The
    clock of the call itself (`TIMEOUT(absolute)`) is taken: by it a frozen script is noticed."""
    return f"L({round(minutes * 60_000)}:60000)" if minutes else ""


def _next_languages(languages: tuple[str, ...]) -> str:
    """One entry a language: what `another language` turns it into, round and round."""
    after = (*languages[1:], languages[0])
    return _lines(
        _lines([f"exten => {language},1,NoOp()", *_set_language(following)])
        for language, following in zip(languages, after, strict=True)
    )


def _set_language(language: str) -> list[str]:
    if not re.fullmatch(r"[a-z]{2}", language):
        raise BadPlace(f"{language!r} is not a language (two letters, such as zh or en)")
    return [
        f" same => n,Set(LANG={language})",
        f" same => n,Set(CHANNEL(language)={language})",
        " same => n,Return()",
    ]


def _free_phones(phones: tuple[str, ...]) -> str:
    """Collects in RING the fallback phones that are registered and idle."""
    looks = [
        f' same => n,ExecIf($["${{DEVICE_STATE(PJSIP/{phone})}}" = "NOT_INUSE"]'
        f"?Set(RING=${{RING}}&PJSIP/{phone}))"
        for phone in phones
    ]
    return _lines(["exten => s,1,NoOp()", *looks, " same => n,Return()"])
