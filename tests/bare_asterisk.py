"""A real Asterisk of the tests' own, without SIP: both ends of a call are `Local` channels.

One end runs `AGI(ADDRESS,WORD)` in context `script`, the other plays the caller. It boots in half a
second, and may be killed, frozen and started again at will.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.asterisk.call_facts import ARGUMENTS
from ivr import settings

USER, SECRET = "test", "word of the tests"
BOOT_SECONDS = 20.0
MODULES = """pbx_config app_exec app_playback app_read app_record app_senddtmf app_userevent
app_dtmfstore app_stack app_queue app_verbose res_agi res_speech res_manager_devicestate
res_musiconhold func_channel func_callerid func_timeout func_logic func_strings func_cut
func_shared codec_ulaw codec_resample format_pcm
format_wav format_sln res_timing_timerfd bridge_simple"""
EMPTY = """acl ccss cdr cel extconfig features http pjproject rtp sorcery stasis udptl
websocket_client"""

TOLD = ",".join(f"${{{name}}}" for name in ARGUMENTS[1:])
"""What a script is handed besides the secret, as by our dialplan."""
FILES = {
    "logger.conf": "[logfiles]\nmessages => notice,warning,error\n",
    "indications.conf": "[general]\ncountry=cn\n[cn]\ndescription=China\nringcadence=1000,4000\n"
    "dial=450\nbusy=450/350,0/350\nring=450/1000,0/4000\ncongestion=450/700,0/700\n",
    "queues.conf": "[general]\n[support]\n",
    "musiconhold.conf": "[general]\n",
    "extensions.conf": """
[script]
exten => latin,1,Set(CALLERID(name)=José)
 same => n,Goto(call,1)
exten => call,1,Set(CONTACT=${UNIQUEID})
 same => n,Set(DIALLED=4000)
 same => n,Set(QUEUE=support)
 same => n,Set(CLASS=vip)
 same => n,Set(LANG=zh)
 same => n,ExecIf($["${NAME}" != ""]?Set(CALLERID(name)=${NAME}))
 same => n,ExecIf($["${NUMBER}" != ""]?Set(CALLERID(num)=${NUMBER}))
 same => n,ExecIf($["${PRESENTATION}" != ""]?Set(CALLERID(num-pres)=${PRESENTATION}))
 same => n,Answer()
 same => n,Set(AGIEXITONHANGUP=${EXITS})
 same => n,AGI(${ADDRESS},${WORD},@TOLD@)
 same => n,ExecIf($["${TWICE}" != ""]?AGI(${ADDRESS},${WORD},@TOLD@))
 same => n,UserEvent(ScriptOver,Contact: ${CONTACT},Done: ${ACD_DONE},Entered: ${QENTER},Queue: ${QUEUE},Class: ${CLASS},Lang: ${LANG},Spoken: ${CHANNEL(language)},Step: ${STEP},Typed: ${HOTLINE_TYPED})
 same => n,Wait(${AFTERWARDS})
[caller]
exten => waits,1,Wait(120)
exten => leaves,1,Wait(${SECONDS})
exten => presses,1,Wait(1)
 same => n,SendDTMF(${KEYS})
 same => n,Wait(60)
exten => answers,1,Answer()
 same => n,Wait(1)
""".replace("@TOLD@", TOLD),  # noqa: E501
}


class BareAsterisk:
    """The process and its private folder. All calls block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ami_port = free_port()
        self._tools = settings.load().tools
        program, conf = self._tools / "bin" / "asterisk", folder / "etc" / "asterisk.conf"
        self._argv = [str(program), "-C", str(conf)]
        self._process: subprocess.Popen[bytes] | None = None
        self._write()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "log" / "messages").read_text(errors="replace")

    def start(self) -> None:
        """Boot; the AMI port answers when this returns."""
        self._process = subprocess.Popen(
            [*self._argv, "-f"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        end = time.monotonic() + BOOT_SECONDS
        while "fully booted" not in self.command("core waitfullybooted"):
            assert self._process.poll() is None and time.monotonic() < end, self.log
            time.sleep(0.05)

    def command(self, line: str) -> str:
        argv = [*self._argv, "-rx", line]
        done = subprocess.run(argv, capture_output=True, timeout=10, check=False)
        return done.stdout.decode(errors="replace")

    def kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        os.kill(self.pid, signal.SIGSTOP)
        end = time.monotonic() + BOOT_SECONDS
        while any(" T " not in stat.read_text() for stat in self._threads()):
            assert time.monotonic() < end
            time.sleep(0.001)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _threads(self) -> Iterator[Path]:
        return Path(f"/proc/{self.pid}/task").glob("*/stat")

    def _write(self) -> None:
        share = self._tools / "usr" / "share" / "asterisk"
        places = {
            "astetcdir": "etc", "astvarlibdir": "lib", "astdbdir": "lib", "astkeydir": "keys",
            "astdatadir": "data", "astagidir": "lib", "astspooldir": "spool", "astrundir": "run",
            "astlogdir": "log", "astcachedir": "cache",
        }  # fmt: skip
        for name in {*places.values(), "spool/tmp", "keys/keys", "data/sounds"}:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "data" / "documentation").symlink_to(share / "documentation")
        modules = self._tools / f"usr/lib/{platform.machine()}-linux-gnu/asterisk/modules"
        directories = [f"{key} => {self.folder / name}" for key, name in places.items()]
        files = FILES | {
            "asterisk.conf": "\n".join(["[directories]", f"astmoddir => {modules.resolve()}",
                *directories, "[options]", "dontwarn = yes", "hideconnect = yes", ""]),
            "modules.conf": "\n".join(["[modules]", "autoload = no",
                *(f"load = {name}.so" for name in MODULES.split()), ""]),
            "manager.conf": f"[general]\nenabled=yes\nbindaddr=127.0.0.1\nport={self.ami_port}\n"
            f"[{USER}]\nsecret={SECRET}\nread=system,call,user,agent\nwrite=call,originate,system,"
            "agent,reporting,user\nwritetimeout=1000\n",
        } | {f"{name}.conf": "" for name in EMPTY.split()}  # fmt: skip
        for name, text in files.items():
            (self.folder / "etc" / name).write_text(text, encoding="latin-1")


@contextmanager
def bare_asterisk(folder: Path) -> Iterator[BareAsterisk]:
    """A booted one, killed at the end; skips the test where there is no Asterisk."""
    if not (settings.load().tools / "bin" / "asterisk").exists():
        pytest.skip("no private Asterisk: run ./hotline setup")
    asterisk = BareAsterisk(folder)
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
