"""One telephone for one call, to be run where the test itself is not: in another network.

    python -m tests.far_phone PHONES NAME SECRET SERVER PORT --own ADDRESS --pitch 440 --dial 4000
    python -m tests.far_phone PHONES NAME SECRET SERVER PORT --own ADDRESS --pitch 1000

It dials, or answers what rings, talks until the other side hangs up (or `--seconds` after the talk
began), and prints as JSON what it has heard: for each tenth of a second the loudness (0 to 1) and
the pitch. A line "registered" comes first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import wave
from pathlib import Path

import numpy as np

from tests.softphones import Softphone

PIECE = 800
"""Samples in a tenth of a second."""


def pieces(path: Path) -> list[tuple[float, int]]:
    """Loudness and strongest pitch of each tenth of a second of a recording (8 kHz, 16 bit)."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768.0
    found = []
    for start in range(0, len(sound) - PIECE + 1, PIECE):
        part = sound[start : start + PIECE]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(PIECE)))
        loud = float(np.sqrt(np.mean(part**2)))
        found.append((round(loud, 4), int(spectrum.argmax()) * 8000 // PIECE))
    return found


async def one_call(args: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="hotline-phone-") as folder:
        phone = Softphone(args.phones, Path(folder), (args.sip, args.sip + 1))
        server = (args.server, args.port)
        try:
            await phone.start(args.name, args.secret, server, args.own, args.pitch)
            print("registered", flush=True)
            if args.dial:
                call = await phone.dial(args.dial, server)
            else:
                call = await phone.rings(args.wait)
                await phone.answer(call)
            await phone.until(lambda: call.state != "rings", args.wait)
            try:
                await phone.until(lambda: call.state == "over", args.seconds)
            except TimeoutError:
                await phone.hang_up(call)
        except BaseException:
            print((Path(folder) / "log").read_text()[-3000:], file=sys.stderr)
            raise
        finally:
            await phone.stop()
        heard = pieces(phone.heard)
    return {"ended": call.reason, "heard": heard}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("phones", type=Path, help="the folder that baresip is in")
    parser.add_argument("name")
    parser.add_argument("secret")
    parser.add_argument("server")
    parser.add_argument("port", type=int)
    parser.add_argument("--own", required=True)
    parser.add_argument("--pitch", type=int, required=True)
    parser.add_argument("--dial", default="")
    parser.add_argument("--sip", type=int, default=26060)
    parser.add_argument("--wait", type=float, default=120.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    print(json.dumps(asyncio.run(one_call(parser.parse_args()))))


if __name__ == "__main__":
    main()
