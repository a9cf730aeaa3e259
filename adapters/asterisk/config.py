"""The private Asterisk's folders and files: templates of `asterisk-config/` filled from settings.

A template names a value as `@NAME@`; an unknown name is an error of ours and stops the rendering.
Everything written is readable by Asterisk's user alone: some files carry secrets.
"""

from __future__ import annotations

import contextlib
import os
import platform
import pwd
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from adapters.asterisk import help_values, house_values, queue_music, refer_values, trunks
from adapters.asterisk.agent_lines import BEEP
from adapters.asterisk.site_values import BadPlace, values_of
from adapters.asterisk.tones import LAST_MINUTE, PICKED_UP, write_tones
from ivr.settings import ROOT, Settings

TEMPLATES = ROOT / "asterisk-config"
SILENCE = {"silence.ulaw": b"\xff", "silence.alaw": b"\xd5"}
SILENCE_SECONDS = 2
UNUSED = ("sorcery", "extconfig", "acl", "udptl", "ccss", "http", "websocket_client",
          "pjproject", "stasis")  # fmt: skip
SOCKET_PATH_LIMIT = 107


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the private Asterisk keeps what: `run` can be rebuilt, `state` cannot."""

    run: Path
    state: Path
    tools: Path

    @classmethod
    def of(cls, settings: Settings) -> Folders:
        return cls(settings.run, settings.data / "asterisk", settings.tools)

    @property
    def conf(self) -> Path:
        return self.run / "etc" / "asterisk.conf"

    @property
    def program(self) -> Path:
        return self.tools / "bin" / "asterisk"

    @property
    def modules(self) -> Path:
        return self._of_tools("lib", f"{platform.machine()}-linux-gnu", "asterisk", "modules")

    @property
    def log(self) -> Path:
        return self.run / "log" / "messages"

    @property
    def socket(self) -> Path:
        return self.run / "ctl" / "asterisk.ctl"

    @property
    def pid_file(self) -> Path:
        return self.run / "ctl" / "asterisk.pid"

    @property
    def music(self) -> Path:
        """Hold music, in files Asterisk can play; every file is used."""
        return self.run / "moh"

    @property
    def sounds(self) -> Path:
        """Prompts of the dialplan's own, as `LANGUAGE/NAME.wav`."""
        return self.run / "data" / "sounds" / "hotline"

    @property
    def cel(self) -> Path:
        """The record of calls (SQLite, table `cel`, key `AcctId`)."""
        return self.state / "cel" / "master.db"

    @property
    def spool(self) -> Path:
        return self.state / "spool"

    @property
    def takes(self) -> Path:
        """Where Asterisk writes what callers say, until it is read and sealed."""
        return self.run / "takes"

    @property
    def talks(self) -> Path:
        """Where Asterisk records talks, in the clear, until they are over and sealed. By Asterisk's
        own rule: names without a folder lie here."""
        return self.spool / "monitor"

    def all(self) -> list[Path]:
        """Every folder that must be there and belong to Asterisk's user."""
        below_run = ("etc", "lib", "keys/keys", "data/sounds", "ctl", "log", "cache",
                     "moh-silence", "tones")  # fmt: skip
        return [
            self.run, *(self.run / name for name in below_run), self.music, self.sounds, self.takes,
            self.state, self.cel.parent, self.spool, self.spool / "tmp", self.talks,
        ]  # fmt: skip

    def _of_tools(self, *parts: str) -> Path:
        return (self.tools / "usr").joinpath(*parts).resolve()


@dataclass(frozen=True, slots=True)
class User:
    """Whom Asterisk runs as, when we may choose (we run as root and must not pass that on)."""

    uid: int
    gid: int


def user_of(settings: Settings) -> User | None:
    """None: run as ourselves. As root: the owner of HOTLINE_HOME, or `nobody` if that is root."""
    if os.geteuid() != 0:
        return None
    home = settings.home.stat()
    if home.st_uid != 0:
        return User(home.st_uid, home.st_gid)
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def module_names() -> list[str]:
    """Every module that the private Asterisk must have running."""
    text = (TEMPLATES / "modules.conf").read_text(encoding="utf-8")
    return re.findall(r"^load = (\S+)$", text, re.MULTILINE)


def prompt_texts() -> dict[str, dict[str, str]]:
    """What each of the dialplan's own prompts says: name, language, text."""
    texts: dict[str, dict[str, str]] = yaml.safe_load(
        (TEMPLATES / "prompts.yaml").read_text(encoding="utf-8")
    )
    return texts


def render(settings: Settings) -> None:
    """Write every folder and configuration file of the private Asterisk."""
    folders, user = Folders.of(settings), user_of(settings)
    if len(os.fsencode(folders.socket)) > SOCKET_PATH_LIMIT:
        raise BadPlace(f"{folders.socket} is too long for a socket: choose a shorter HOTLINE_HOME")
    for folder in folders.all():
        folder.mkdir(parents=True, exist_ok=True)
    queue_music.put(settings)
    values = values_of(settings) | queue_music.values(settings) | house_values.values(settings)
    values |= help_values.values(settings)
    values |= refer_values.values(settings.site, settings.centre)
    values |= {
        "RUN": str(folders.run),
        "STATE": str(folders.state),
        "MODULES": str(folders.modules),
        "MUSIC": str(_music(folders)),
    }
    for template in TEMPLATES.glob("*.conf"):
        put(folders, template.name, values)
    if settings.site.tls:
        for name, source in trunks.tls_files(settings.site.tls).items():
            _write(folders.run / "etc" / name, _read(settings.data / source))
    for name in UNUSED:
        _write(folders.run / "etc" / f"{name}.conf", "; Looked for by Asterisk, not used here.\n")
    _write_silence(folders.run / "moh-silence")
    limits = [number.longest_call for number in settings.site.numbers.values()]
    if any([*limits, settings.site.outbound.longest_call]):
        write_tones(folders.run / "tones" / "last-minute.ulaw", LAST_MINUTE)
    if any(phone.auto_answer for phone in settings.site.phones.values()):
        write_tones(folders.run / "tones" / f"{BEEP}.ulaw", PICKED_UP)
    _link(folders.run / "data" / "documentation", folders._of_tools("share/asterisk/documentation"))
    _protect(folders, user)


def put(folders: Folders, name: str, values: dict[str, str]) -> bool:
    """Write one configuration file from its template; whether it has become another."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    return _write(folders.run / "etc" / name, fill(text, values))


def fill(template: str, values: dict[str, str]) -> str:
    """The template with each `@NAME@` replaced; KeyError when there is no such value."""
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], template)


def _read(path: Path) -> str:
    """A file that the site file names."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise BadPlace(
            f"{path}, which `tls` of site.yaml names, cannot be read: {fault}"
        ) from fault


def _write(path: Path, text: str) -> bool:
    """Whole or not at all; never readable by others, not even for a moment. Whether it is new."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    spare.unlink(missing_ok=True)
    spare.touch(mode=0o600)
    spare.write_text(text, encoding="utf-8")
    spare.replace(path)
    return True


def _write_silence(folder: Path) -> None:
    """Silence in the lines' own codings, so that sending it costs next to nothing."""
    for name, sample in SILENCE.items():
        (folder / name).write_bytes(sample * 8000 * SILENCE_SECONDS)


def _music(folders: Folders) -> Path:
    """An empty folder would be no music class at all: until there is music, silence."""
    return folders.music if any(folders.music.iterdir()) else folders.run / "moh-silence"


def _link(link: Path, target: Path) -> None:
    if not link.is_symlink() or link.readlink() != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _protect(folders: Folders, user: User | None) -> None:
    """Give every private folder and file to Asterisk's user, and to nobody else."""
    for folder in folders.all():
        if user:
            for path in (folder, *folder.iterdir()):
                with contextlib.suppress(FileNotFoundError):  # another process has renamed its own
                    os.chown(path, user.uid, user.gid, follow_symlinks=False)
    folders.run.chmod(0o711)
    if user:
        _let_through(folders.state.parent, user)
    for name in ("etc", "keys", "ctl", "lib", "log", "takes"):
        (folders.run / name).chmod(0o700)
    for folder in (folders.state, folders.talks):
        folder.chmod(0o700)


def _let_through(folder: Path, user: User) -> None:
    """Another user's Asterisk must get past our own folder to reach its part of the state."""
    for parent in (folder, *folder.parents):
        mode = parent.stat().st_mode
        if parent.stat().st_uid == user.uid or mode & 0o001:
            continue
        if parent != folder:
            raise BadPlace(
                f"Asterisk does not run as root, and nobody else gets through {parent}: "
                "choose another folder with HOTLINE_HOME and HOTLINE_DATA, or do not run as root"
            )
        parent.chmod(mode | 0o011)
