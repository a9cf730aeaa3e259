"""Agents' phones: they register, ring, answer (or do not), speak, and hang up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.sipp.process import Sipp, SippFailed, csv, filled

NEVER = 600.0
EXPIRES = 600
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
    """Registered phones, served by one SIPp process. They all behave in the same way.

    Moments: registered, refused, rings, withdrawn, declined, busy, talks, hung up, released; each
    with the phone's name as its detail.
    """

    def __init__(
        self, tools: Path, secrets: Mapping[str, str], behaviour: Behaviour,
        speech: Sequence[bytes] = (),
    ) -> None:  # fmt: skip
        """`secrets`: the SIP password of every phone, by name.

        `speech`: what the agents say again and again, in frames of 20 ms; none: nothing is sent.
        """
        self._secrets = secrets
        again = int(EXPIRES * 0.8 * 1000)
        self.sipp = Sipp(tools, "register.xml", {"EXPIRES": EXPIRES, "AGAIN_MS": again})
        self._answering = self.sipp.write(
            "agent.xml",
            filled(
                "agent.xml",
                {
                    "RINGS_MS": int(behaviour.rings * 1000),
                    "TALKS_MS": int(behaviour.talks * 1000),
                    "ANSWER": behaviour.answer,
                    "DECLINES_FIRST": behaviour.declines_first,
                    "MEDIA_PORT": "rtpstream_audio_port" if speech else "media_port",
                    "SPEAK": '<exec rtp_stream="speech.ulaw,-1,0,PCMU/8000"/>' if speech else "",
                },
            ),
        )
        (self.sipp.path / "speech.ulaw").write_bytes(b"".join(speech))

    async def start(
        self, target: tuple[str, int], port: int, media_ports: tuple[int, int],
        deadline: float = 24 * 3600.0,
    ) -> None:  # fmt: skip
        """Listen on UDP `port` and register from there; `SippFailed` if that is refused."""
        rows = [
            (name, f"[authentication username={name} password={secret}]")
            for name, secret in self._secrets.items()
        ]
        count = len(rows)
        await self.sipp.start(
            f"{target[0]}:{target[1]}", "-p", str(port), "-rxsf", str(self._answering), "-aa",
            "-inf", str(self.sipp.write("phones.csv", csv(rows))), "-l", str(count), "-r", "100",
            "-min_rtp_port", str(media_ports[0]), "-max_rtp_port", str(media_ports[1]),
            deadline=deadline,
        )  # fmt: skip
        try:
            await self.sipp.wait("registered", "refused", count=count, seconds=REGISTER_DEADLINE)
        except TimeoutError:
            raise SippFailed(f"phones could not register: {self.sipp.errors()}") from None
        if refused := [m.detail for m in self.sipp.moments if m.what == "refused"]:
            raise SippFailed(f"phones were refused: {', '.join(refused)}")

    async def stop(self) -> None:
        """The phones vanish without a word, like a phone that loses its power."""
        await self.sipp.stop()
