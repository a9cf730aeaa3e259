"""The rival: Asterisk's own app_queue on a private instance, with the configuration of our choice.

It gets the same SIP callers and the same agents' phones as ours. Its folders lie below `folder`
and are rebuilt at every start; it listens on loopback alone.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.settings import Ports
from tests.bench.tap import Tap
from tests.watch import filters

NUMBER = "4000"
BOOT_DEADLINE = 20.0
STOP_DEADLINE = 10.0

MODULES = [
    "pbx_config", "app_dial", "app_playback", "app_queue", "app_stack", "app_verbose",
    "app_userevent", "bridge_simple", "bridge_native_rtp", "bridge_softmix",
    "bridge_builtin_features", "codec_ulaw", "codec_alaw", "codec_a_mu", "codec_resample",
    "format_pcm", "format_wav", "format_sln", "res_timing_timerfd", "res_rtp_asterisk",
    "res_musiconhold", "func_channel", "func_callerid", "func_logic", "func_strings",
    "func_hangupcause", "func_cut", "func_groupcount", "func_uri", "res_sorcery_config",
    "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject", "res_pjsip", "res_pjsip_session",
    "res_pjsip_sdp_rtp", "chan_pjsip", "res_pjsip_registrar", "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_caller_id", "res_pjsip_nat", "res_pjsip_pubsub", "res_http_websocket",
    "res_websocket_client", "res_crypto",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueueRules:
    """What app_queue can be told that bears on its speed. `retry` is in whole seconds."""

    autofill: bool
    retry: int
    strategy: str = "rrmemory"

    def lines(self) -> dict[str, str]:
        return {
            "strategy": self.strategy,
            "autofill": "yes" if self.autofill else "no",
            "retry": str(self.retry),
            "timeout": "15",
            "wrapuptime": "0",
            "ringinuse": "no",
            "joinempty": "yes",
            "announce-frequency": "0",
        }

    def __str__(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.lines().items())


class AppQueue:
    """An Asterisk whose one number leads straight into app_queue."""

    def __init__(
        self,
        tools: Path,
        folder: Path,
        ports: Ports,
        agents: Sequence[str],
        rules: QueueRules,
        told: Sequence[str] = (),
        music: Path | None = None,
    ) -> None:
        """`music`: the folder of its hold music; None: prompts of its package."""
        self._music = music or folder / "data" / "sounds" / "en"
        self._tools = tools
        self._folder = folder
        self._ports = ports
        self._agents = agents
        self._rules = rules
        self._told = told
        self._ami_secret = secrets.token_hex(16)
        self.phone_secrets = {agent: secrets.token_hex(16) for agent in agents}
        self._process: asyncio.subprocess.Process | None = None

    def pids(self) -> dict[str, list[int]]:
        return {"asterisk": [self._process.pid] if self._process else []}

    async def phones_ready(self) -> None:
        """The members are written down in its configuration."""

    @property
    def sip(self) -> tuple[str, int]:
        return "127.0.0.1", self._ports.sip

    def tap(self) -> Tap:
        return Tap("127.0.0.1", self._ports.ami, "bench", self._ami_secret)

    async def start(self) -> None:
        """Write the configuration, start, and wait until a SIP call can be taken."""
        self._write()
        self._process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL",  # whoever kills the benchmark ends it, too
            str(self._tools / "bin" / "asterisk"),
            "-f", "-C", str(self._folder / "etc" / "asterisk.conf"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        async with asyncio.timeout(BOOT_DEADLINE):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise RuntimeError(f"Asterisk ended; see {self._folder / 'log' / 'messages'}")
                await asyncio.sleep(0.1)

    async def _answers(self) -> bool:
        try:
            async with self.tap() as tap:
                await tap.until("FullyBooted", 5.0)
        except OSError:
            return False
        return True

    async def stop(self) -> None:
        """End this Asterisk, by its process id."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_DEADLINE)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _write(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("etc", "lib", "keys/keys", "data/sounds", "spool", "run", "log", "cache"):
            (self._folder / name).mkdir(parents=True)
        share = (self._tools / "usr" / "share" / "asterisk").resolve()
        voices = next((share / "sounds").glob("en*"), share / "sounds")
        (self._folder / "data" / "sounds" / "en").symlink_to(voices)
        (self._folder / "data" / "documentation").symlink_to(share / "documentation")
        for name, text in self._files().items():
            (self._folder / "etc" / name).write_text(text)

    def _files(self) -> dict[str, str]:
        ports = self._ports
        return {
            "asterisk.conf": self._asterisk_conf(),
            "modules.conf": "[modules]\nautoload=no\n" + _each("load = {}.so", MODULES),
            "manager.conf": MANAGER.format(port=ports.ami, secret=self._ami_secret)
            + filters(self._told),
            "pjsip.conf": self._pjsip_conf(),
            "rtp.conf": f"[general]\nrtpstart={ports.rtp[0]}\nrtpend={ports.rtp[1]}\n"
            "strictrtp=no\nicesupport=no\n",
            "musiconhold.conf": f"[general]\n[default]\nmode=files\ndirectory={self._music}\n",
            "extensions.conf": EXTENSIONS,
            "queues.conf": "[general]\npersistentmembers=no\nlog_membername_as_agent=no\n[bench]\n"
            + _each("{}", [f"{key}={value}" for key, value in self._rules.lines().items()])
            + _each("member => PJSIP/{}", self._agents),
            "logger.conf": "[general]\nqueue_log=no\n[logfiles]\nmessages => warning,error\n",
            "indications.conf": INDICATIONS,
            **dict.fromkeys(EMPTY, ""),
        }

    def _asterisk_conf(self) -> str:
        folder = self._folder
        modules = next(self._tools.resolve().glob("usr/lib/*/asterisk/modules"))
        named = {"astetcdir": "etc", "astvarlibdir": "lib", "astdbdir": "lib", "astkeydir": "keys",
                 "astdatadir": "data", "astagidir": "lib", "astspooldir": "spool",
                 "astrundir": "run", "astlogdir": "log", "astcachedir": "cache"}  # fmt: skip
        lines = [f"{key} => {folder / value}" for key, value in named.items()]
        return (
            f"[directories]\nastmoddir => {modules}\n{_each('{}', lines)}"
            "[options]\nverbose=0\nnocolor=yes\ndontwarn=yes\nlive_dangerously=no\n"
        )

    def _pjsip_conf(self) -> str:
        agents = [AGENT.format(name=name, secret=self.phone_secrets[name]) for name in self._agents]
        return PJSIP.format(port=self._ports.sip) + "".join(agents)


def _each(pattern: str, values: Sequence[str]) -> str:
    return "".join(pattern.format(value) + "\n" for value in values)


EMPTY = (
    "sorcery.conf", "extconfig.conf", "acl.conf", "udptl.conf", "ccss.conf", "cel.conf",
    "cdr.conf", "http.conf", "pjproject.conf", "websocket_client.conf", "features.conf",
)  # fmt: skip

INDICATIONS = "[general]\ncountry=us\n[us]\ndescription=us\nringcadence=2000,4000\n"

MANAGER = """[general]
enabled=yes
bindaddr=127.0.0.1
port={port}
webenabled=no
displayconnects=no
timestampevents=yes
[bench]
secret={secret}
read=system,call,dtmf
write=system
writetimeout=1000
"""

EXTENSIONS = f"""[general]
static=yes
[from-trunk]
exten => {NUMBER},1,Answer()
 same => n,Queue(bench)
 same => n,Hangup()
[from-agent]
exten => _X.,1,Hangup(21)
"""

PJSIP = """[global]
type=global
endpoint_identifier_order=username,ip
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[ep](!)
type=endpoint
transport=udp
disallow=all
allow=ulaw,alaw
dtmf_mode=rfc4733
direct_media=no
rtp_symmetric=yes
force_rport=yes
[trunk](ep)
context=from-trunk
[trunk]
type=identify
endpoint=trunk
match=127.0.0.1
"""

AGENT = """[{name}](ep)
rewrite_contact=yes
rtp_timeout=30
context=from-agent
auth={name}
aors={name}
[{name}]
type=auth
auth_type=userpass
username={name}
password={secret}
[{name}]
type=aor
max_contacts=1
remove_existing=yes
qualify_frequency=20
"""
