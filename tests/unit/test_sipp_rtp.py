"""Speech and keys as a telephone sends them, and what the ear makes of what arrives."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np
import pytest

from adapters.sipp.ear import Gap, Heard, gaps, save, sound
from adapters.sipp.rtp import EVENTS, FRAME, Packet, decoded, key_packets, linear, mu_law, speech


def heard(*times: float) -> list[Heard]:
    tone = mu_law(np.full(FRAME, 8000, np.int16))
    return [Heard(at, Packet(n, n * FRAME, tone)) for n, at in enumerate(times)]


def test_mu_law_has_the_values_of_the_standard() -> None:
    assert mu_law(np.array([0, -1, 32767, -32768, 4, -132], np.int16)).hex() == "ff7f8000fe6f"
    assert list(linear(bytes([0xFF, 0x80, 0x00]))) == [0, 32124, -32124]


def test_speech_survives_mu_law_within_its_steps() -> None:
    samples = np.arange(-32768, 32767, 7).astype(np.int16)
    error = np.abs(linear(mu_law(samples)).astype(int) - samples)
    assert np.all(error <= np.maximum(np.abs(samples.astype(int)) / 16, 8) + 644)


def test_every_mu_law_code_comes_back_as_itself() -> None:
    codes = bytes(range(256))
    assert mu_law(linear(codes)).replace(b"\xff", b"\x7f") == codes.replace(b"\xff", b"\x7f")


def test_a_packet_comes_back_as_it_was_sent() -> None:
    packet = Packet(65_535, 2**32 - 1, b"abc", EVENTS, marker=True, source=7)
    assert decoded(packet.encoded()) == packet


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"\x80\x00"])
def test_what_is_no_rtp_is_not_heard(data: bytes) -> None:
    assert decoded(data) is None


def test_a_key_is_one_event_with_one_start_and_three_ends() -> None:
    packets = list(key_packets("#", 10, 4000, 7))
    events = [struct.unpack("!BBH", packet.payload) for packet in packets]
    assert {packet.timestamp for packet in packets} == {4000}
    assert [packet.sequence for packet in packets] == list(range(10, 18))
    assert [packet.marker for packet in packets] == [True] + [False] * 7
    assert {number for number, _, _ in events} == {11}
    assert [bool(flags & 0x80) for _, flags, _ in events] == [False] * 5 + [True] * 3
    assert [length for _, _, length in events] == [160, 320, 480, 640, 800, 800, 800, 800]


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValueError, match="substring"):
        list(key_packets("x", 0, 0, 0))


def test_only_pauses_longer_than_the_limit_are_gaps() -> None:
    assert gaps(heard(0.0, 0.25, 0.5), longer_than=0.25) == []
    assert gaps(heard(0.0, 0.25, 0.75), longer_than=0.25) == [Gap(0.25, 0.5)]


def test_the_sound_keeps_the_silence_of_a_gap(tmp_path: Path) -> None:
    samples = sound(heard(0.0, 0.02, 0.5))
    assert len(samples) == round(0.52 * 8000)
    assert np.all(samples[:320] > 7000)
    assert not np.any(samples[320:4000])
    save(heard(0.0, 0.02, 0.5), tmp_path / "ear.wav")
    with wave.open(str(tmp_path / "ear.wav")) as file:
        assert file.getnframes() == len(samples)


def test_jitter_leaves_no_holes_in_the_sound() -> None:
    assert np.all(sound(heard(0.0, 0.031, 0.04, 0.06)) > 7000)


def test_nothing_heard_is_no_sound() -> None:
    assert len(sound([])) == 0


def test_recordings_become_frames_of_equal_length(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 500))
    frames = speech([tmp_path / "a.wav", tmp_path / "a.wav"])
    assert [len(frame) for frame in frames] == [160] * 7


def test_a_recording_of_another_rate_is_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(320))
    with pytest.raises(ValueError, match="8 kHz"):
        speech([tmp_path / "a.wav"])
