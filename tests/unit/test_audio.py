"""Sound as the telephone wants it."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from voice import audio, render
from voice.engines import pyttsx3_engine
from voice.music import SECONDS, hold_music
from voice.ports import SpeechFailed


def tone(seconds: float, rate: int, loudness: float = 0.1, pitch: float = 440) -> audio.Samples:
    time = np.arange(int(seconds * rate)) / rate
    return (loudness * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_any_rate_becomes_the_telephones_and_keeps_length_and_pitch(rate: int) -> None:
    heard = audio.for_telephone(tone(2, rate), rate)
    assert len(heard) / audio.TELEPHONE_RATE == pytest.approx(2, abs=0.01)
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum.argmax() * audio.TELEPHONE_RATE / len(heard) == pytest.approx(440, abs=2)


def test_what_lies_above_the_telephones_band_is_not_folded_into_it() -> None:
    sound = tone(1, 48000) + tone(1, 48000, pitch=7000)
    spectrum = np.abs(np.fft.rfft(audio.for_telephone(sound, 48000)))
    folded = round(1000 * len(spectrum) / 4000)
    assert spectrum[folded - 20 : folded + 20].max() < spectrum.max() / 1000


@pytest.mark.parametrize("loudness", [0.01, 0.1, 0.9])
def test_loud_and_soft_speech_come_to_one_level(loudness: float) -> None:
    heard = audio.for_telephone(tone(1, 8000, loudness), 8000)
    assert audio.level_db(heard) == pytest.approx(audio.SPEECH_LEVEL_DB, abs=0.5)
    assert np.abs(heard).max() <= 10 ** (audio.PEAK_DB / 20) + 1e-6


def test_long_silence_around_speech_is_cut() -> None:
    quiet = np.zeros(8000, dtype=np.float32)
    heard = audio.for_telephone(np.concatenate([quiet, tone(1, 8000), quiet]), 8000)
    assert len(heard) / 8000 == pytest.approx(1.3, abs=0.05)


@pytest.mark.parametrize("samples", [np.zeros(8000), np.zeros(0)])
def test_silence_is_no_prompt(samples: audio.Samples) -> None:
    with pytest.raises(ValueError, match="silence"):
        audio.for_telephone(samples.astype(np.float32), 8000)


def test_a_stereo_file_is_mixed(tmp_path: Path) -> None:
    left, right = tone(1, 16000), np.zeros(16000, dtype=np.float32)
    with wave.open(str(tmp_path / "stereo.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((np.stack([left, right], axis=1) * 32767).astype("<i2").tobytes())
    samples, rate = audio.read_wav(tmp_path / "stereo.wav")
    assert rate == 16000 and np.allclose(samples, left / 2, atol=1e-3)


def test_eight_bits_a_sample_are_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "old.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 800)
    with pytest.raises(ValueError, match="16 needed"):
        audio.read_wav(tmp_path / "old.wav")


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "prompt.wav"

    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(wave.Wave_write, "writeframes", full)
    with pytest.raises(OSError, match="disk full"):
        audio.write_wav(tone(1, 8000), target)
    assert list(tmp_path.iterdir()) == []


def test_the_lines_coding_decodes_to_what_went_in(tmp_path: Path) -> None:
    samples = tone(1, 8000, 0.5)
    audio.write_ulaw(samples, tmp_path / "tone.ulaw")
    code = ~np.frombuffer((tmp_path / "tone.ulaw").read_bytes(), dtype=np.uint8)
    size = (((code & 0x0F).astype(int) << 3) + 132 << (code >> 4 & 7)) - 132
    decoded = np.where(code & 0x80, -size, size) / 32768
    error = np.sqrt(np.mean((decoded - samples) ** 2)) / np.sqrt(np.mean(samples**2))
    assert len(code) == 8000 and error < 0.03


@pytest.mark.parametrize(("sample", "code"), [(0.0, 0xFF), (1.0, 0x80), (-1.0, 0x00)])
def test_silence_and_full_scale_are_coded_as_the_standard_says(
    tmp_path: Path, sample: float, code: int
) -> None:
    audio.write_ulaw(np.array([sample], dtype=np.float32), tmp_path / "one.ulaw")
    assert (tmp_path / "one.ulaw").read_bytes() == bytes([code])


def test_hold_music_is_calm_and_has_no_seam() -> None:
    music = hold_music()
    assert len(music) == SECONDS * 8000 and 30 <= SECONDS <= 60
    assert audio.level_db(music) < audio.SPEECH_LEVEL_DB - 6
    assert np.abs(music).max() < 0.5
    steps = np.abs(np.diff(music, append=music[0]))
    assert steps[-1] < np.percentile(steps, 99)
    loudest = [np.abs(music[at : at + 8000]).max() for at in range(0, len(music), 8000)]
    assert max(loudest) / min(loudest) < 4


def test_hold_music_lies_in_the_telephones_band() -> None:
    power = np.abs(np.fft.rfft(hold_music())) ** 2
    band = power[250 * SECONDS : 3400 * SECONDS]
    assert band.sum() / power.sum() > 0.98


def test_speech_that_breaks_off_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stutters(text: str, language: str, target: Path) -> None:
        audio.write_wav(tone(0.5, 22050), target, rate=22050)

    monkeypatch.setattr(pyttsx3_engine, "speak", stutters)
    render.render("Hello.", "en", None, tmp_path / "short.wav")
    with pytest.raises(SpeechFailed, match="too short for"):
        render.render("A much longer text than that. " * 3, "en", None, tmp_path / "long.wav")
    assert [file.name for file in tmp_path.iterdir()] == ["short.wav"]
