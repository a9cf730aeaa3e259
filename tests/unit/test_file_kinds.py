"""What a file is, by its content: six kinds, each pure; everything else is refused."""

from __future__ import annotations

import io
import random
import struct
import zipfile

import pytest

from ivr.chat_files import (
    LONGEST_NAME,
    SENTENCES,
    STATUS,
    FileLimits,
    Why,
    headers,
    refusal,
    safe_name,
)
from ivr.file_kinds import FileKind, NotKnown, NotPure, recognised
from tests.fakes_files import GIF, JPEG, PDF, TEXT, chunk, png, webp
from tests.xss_corpus import CORPUS

PURE = {
    FileKind.PNG: png(), FileKind.JPEG: JPEG, FileKind.GIF: GIF, FileKind.WEBP: webp(),
    FileKind.PDF: PDF, FileKind.TEXT: TEXT,
}  # fmt: skip
PAGE = b"<!doctype html><script>alert(1)</script>"


def zipped() -> bytes:
    """As a JAR or a DOCX is."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("META-INF/MANIFEST.MF", "Main-Class: Harm")
    return made.getvalue()


ZIP = zipped()


@pytest.mark.parametrize("kind", PURE)
def test_each_kind_is_known_by_its_content(kind: FileKind) -> None:
    assert recognised(PURE[kind]) == (kind, PURE[kind])


@pytest.mark.parametrize(
    "text",
    [
        "你好", "\ufeff你好\r\n", "a < b, and b > c\n\f", "x" * 5000, "只是文字 <b> 而已",
        "👍🏽 ok",
        "javascript:alert(1)", "--- log ---\n<p>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_text_is_text_however_it_is_written(text: str, encoding: str) -> None:
    assert recognised(text.encode(encoding))[0] is FileKind.TEXT


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg onload='alert(1)'/>", PAGE, b"\n \t<HTML><body>", b"<p>hello",
        "<script>alert(1)</script>".encode("utf-16"), b"\xef\xbb\xbf<html>", b"<!-- --><html>",
        b"MZ\x90\0\x03\0\0\0", b"\x7fELF\x02\x01\x01\0", b"#!/bin/sh\nrm -rf ~\n", ZIP,
        b"%!PS-Adobe-3.0\n", b"{\\rtf1 hello}", b"PK\x03\x04", b"\0", b"\x1b[2J", b"  \r\n", b"",
        b"\xff\xfe\0", b"\xca\xfe\xba\xbe\0\0\x004", b"ID3\x04\0\0\0\0\0\0", b"BM\x3a\0\0\0\0\0",
        b"\0\0\0\x18ftypmp42\0\0\0\0", b"\x89PNG\0", b"RIFF\x04\0\0\0WAVE", b"%PDF-9.9 \0",
    ],
)  # fmt: skip
def test_what_is_none_of_them_is_not_known(content: bytes) -> None:
    with pytest.raises(NotKnown):
        recognised(content)


def _png_of(text: bytes) -> bytes:
    return png(chunk(b"tEXt", b"Comment\0" + text))


@pytest.mark.parametrize(
    "content",
    [
        *(pure + tail for pure in (png(), GIF, webp(), PDF) for tail in (ZIP, PAGE, b"MZ\x90\0")),
        *(JPEG + tail for tail in (ZIP, PAGE, b"MZ\x90\0", b"padding" + ZIP, PDF, b" " + PAGE)),
        _png_of(PAGE), _png_of(ZIP), png(chunk(b"zTXt", b"a\0\0<svg onload=alert(1)>")),
        JPEG[:2] + b"\xff\xfe" + struct.pack(">H", len(PAGE) + 2) + PAGE + JPEG[2:],
        GIF[:13] + GIF[13:19] + b"!\xfe" + bytes([len(PAGE)]) + PAGE + b"\0" + GIF[19:],
        b"GIF89a/*<svg/onload=alert(1)>*/=alert(1)//;", b"GIF89a=1;alert(1)//",
        webp(b"EXIF" + struct.pack("<I", len(PAGE)) + PAGE), webp()[:-1], webp() + b"\0",
        png()[:-1], png()[:40], png().replace(b"IHDR", b"IHDr"), JPEG[:-2], JPEG[:30], GIF[:-1],
        b"\xff\xd8\xff\xd9", PDF[:-6], PDF.replace(b"1 0 obj", b"<html> ", 1),
        b"%PDF-1.4\n" + ZIP + b"\n%%EOF\n", b"hello\n" + PAGE, b"hello <svg onload=alert(1)>",
        b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""),
    ],
)  # fmt: skip
def test_what_is_two_things_or_damaged_is_refused(content: bytes) -> None:
    with pytest.raises(NotPure):
        recognised(content)


@pytest.mark.parametrize("tail", [b"\0\0\0\x18ftypmp42", b"SEFT" * 100, JPEG, b"\0" * 9000])
def test_what_cameras_write_behind_a_picture_is_left_off(tail: bytes) -> None:
    assert recognised(JPEG + tail) == (FileKind.JPEG, JPEG)


def test_no_rubbish_takes_long_or_fails_otherwise() -> None:
    """Every prefix, every byte changed, and noise behind every beginning."""
    dice = random.Random(6)
    for pure in PURE.values():
        variants = [pure[:n] for n in range(len(pure))]
        variants += [
            pure[:n] + bytes([dice.randrange(256)]) + pure[n + 1 :] for n in range(len(pure))
        ]
        variants += [pure[:12] + dice.randbytes(500) for _ in range(50)]
        for content in variants:
            try:
                recognised(content)
            except (NotKnown, NotPure):
                continue


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("card.png", FileKind.PNG, "card.png"), ("Card.JPEG", FileKind.JPEG, "Card.JPEG"),
        ("照片 1.jpg", FileKind.JPEG, "照片 1.jpg"), ("harm.html", FileKind.PNG, "harm.html.png"),
        ("a.svg", FileKind.TEXT, "a.svg.txt"), ("setup.exe", FileKind.TEXT, "setup.exe.txt"),
        ("..\\..\\etc/passwd", FileKind.TEXT, "passwd.txt"), ("../../x.pdf", FileKind.PDF, "x.pdf"),
        ("", FileKind.GIF, "file.gif"), ("...", FileKind.GIF, "file.gif"),
        (".png", FileKind.PNG, "png.png"), (".htaccess", FileKind.TEXT, "htaccess.txt"),
        ("x\0\r\ny\u2028.txt", FileKind.TEXT, "xy.txt"),
        ("photo_\u202egnp.exe", FileKind.PNG, "photo_gnp.exe.png"),
        ("a" * 500 + ".pdf", FileKind.PDF, "a" * (LONGEST_NAME - 4) + ".pdf"),
        ("x.png ", FileKind.PNG, "x.png"), ("x.png.", FileKind.PNG, "x.png"),
    ],
)  # fmt: skip
def test_a_name_says_what_the_file_is_and_nothing_else(
    given: str, kind: FileKind, name: str
) -> None:
    assert safe_name(given, kind) == name


@pytest.mark.parametrize("name", CORPUS)
def test_no_name_can_add_a_header(name: str) -> None:
    told = headers(safe_name(name, FileKind.TEXT))
    for value in told.values():
        value.encode("latin-1")
        assert not set(value) & set("\r\n\0")
    kept = told["content-disposition"]
    assert kept.startswith("attachment; ") and kept.count(";") == 2 and kept.count('"') == 2
    assert told["content-type"] == "application/octet-stream"


def test_every_reason_has_a_sentence_in_both_languages_and_a_status() -> None:
    for why in Why:
        told = refusal(why, FileLimits(megabytes=5, a_chat=10))
        assert told["status"] == STATUS[why] and told["say"].keys() == {"en", "zh"}
        assert all(text.strip() and "{" not in text for text in told["say"].values())
    assert SENTENCES.keys() == set(Why)
