"""Agents' phones: they register, ring, answer (or do not), speak, and hang up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sipp.process import Sipp, SippFailed, csv

NEVER = 600.0
REGISTER_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a phone does with a call; times are seconds."""

    rings: float = 1.0
    """How long it rings before it is answered or refused; `NEVER`: until the offer is withdrawn."""
    talks: float = 5.0
    """How long the agent talks before hanging up."""
    answer: int = 200
    """200: answers; 486: busy; 603: declines."""
    declines_first: int = 0
    """So many calls are declined before `answer` counts."""


class Phones:
    """Registered phones, served by one SIPp process. They all behave in the same way."""

    def __init__(
        self, tools: Path, secrets: Mapping[str, str], behaviour: Behaviour,
        speech: Sequence[bytes] = (),
    ) -> None:  # fmt: skip
        """`secrets`: the SIP password of every phone, by name.

        `speech`: what the agents say again and again, in frames of 20 ms; none: nothing is sent.
        """
        self._tools = tools
        self._secrets = secrets
        self._target = ""
        self._port = 0
        self.sipp = Sipp(
            tools,
            "agent.xml",
            {
                "RINGS_MS": int(behaviour.rings * 1000),
                "TALKS_MS": int(behaviour.talks * 1000),
                "ANSWER": behaviour.answer,
                "DECLINES_FIRST": behaviour.declines_first,
                "MEDIA_PORT": "rtpstream_audio_port" if speech else "media_port",
                "SPEAK": '<exec rtp_stream="speech.ulaw,-1,0,PCMU/8000"/>' if speech else "",
            },
        )
        (self.sipp.path / "speech.ulaw").write_bytes(b"".join(speech))

    async def start(
        self, target: tuple[str, int], port: int, media_ports: tuple[int, int],
        deadline: float = 3600.0,
    ) -> None:  # fmt: skip
        """Listen on UDP `port` and register there; uses `port + 1` while registering."""
        self._target, self._port = f"{target[0]}:{target[1]}", port
        await self.sipp.start(
            self._target, "-p", str(port), "-aa",
            "-min_rtp_port", str(media_ports[0]), "-max_rtp_port", str(media_ports[1]),
            deadline=deadline,
        )  # fmt: skip
        await self.register(int(deadline))

    async def register(self, expires: int) -> None:
        """Tell the registrar where these phones are; 0 takes that back. Raises `SippFailed`."""
        sipp = Sipp(self._tools, "register.xml", {"PHONE_PORT": self._port, "EXPIRES": expires})
        rows = [
            (name, f"[authentication username={name} password={secret}]")
            for name, secret in self._secrets.items()
        ]
        people = sipp.path / "phones.csv"
        people.touch(mode=0o600)
        people.write_text(csv(rows), encoding="utf-8")
        try:
            await sipp.start(
                self._target, "-p", str(self._port + 1), "-inf", str(people), "-r", "50",
                "-m", str(len(rows)), deadline=REGISTER_DEADLINE,
            )  # fmt: skip
            if await sipp.finished(REGISTER_DEADLINE + 1) != 0:
                raise SippFailed(f"the phones could not register:\n{sipp.errors()}")
        finally:
            await sipp.stop()

    async def stop(self) -> None:
        """The phones vanish; `register(0)` before says good-bye properly."""
        await self.sipp.stop()
