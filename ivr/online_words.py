"""What callers hear, and are written, about going on online, in the languages of waiting times."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from ivr.chat_settings import ChatSettings
from voice.phrases import WAIT_LANGUAGES
from voice.ports import Prompt
from voice.spoken import Kind, spoken

ELSE = "en"
"""Spoken to callers whose language we have no words in."""
CHANNEL = {"en": "our chat", "zh": "网上聊天"}
SENT, FAILED, ONLINE, STAYS, TEXT = "sent", "failed", "online", "stays", "text"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        SENT: "We have sent a text message to your phone. Open its link to go on in our chat. Your "
        "place in line is kept, and you may stay on the line until you are there.",
        "code": "Go to {address}, and enter this code: {code}. Once more: {code}. The address is "
        "{address}. The code is good for ten minutes. Your place in line is kept, and you may stay "
        "on the line until you are there.",
        FAILED: "That is not possible just now. Your place in line is kept, please hold the line.",
        ONLINE: "You are in our chat now, with your place in line, so this call ends. To stay on "
        "the phone instead, press one.",
        STAYS: "You stay on the phone. Your place in line is kept, please hold the line.",
        TEXT: "Go on here in our chat; your place in line is kept: {link}",
    },
    "zh": {
        SENT: "已向您的手机发送短信。打开短信中的链接，即可在网上聊天中继续。"
        "您的排位已保留，在转过去之前可以不挂机。",
        "code": "请打开网址{address}，输入口令：{code}。再说一遍：{code}。网址是{address}。"
        "十分钟内有效。您的排位已保留，在转过去之前可以不挂机。",
        FAILED: "目前无法转接。您的排位已保留，请不要挂机。",
        ONLINE: "您已进入网上聊天，排位不变，本次通话即将结束。如要继续使用电话，请按一。",
        STAYS: "您将继续使用电话。您的排位已保留，请不要挂机。",
        TEXT: "请点此在网上聊天中继续，您的排位已保留：{link}",
    },
}
_SIGNS = {
    "en": {".": " dot ", "/": " slash ", ":": " colon ", "-": " dash "},
    "zh": {".": "点", "/": "斜杠", ":": "冒号", "-": "横杠"},
}


def tongue(language: str) -> str:
    """The language in which this caller hears of it."""
    return language if language in WAIT_LANGUAGES else ELSE


def phrase(name: str, language: str) -> Prompt:
    """A sentence that is the same for everybody."""
    return Prompt(_WORDS[tongue(language)][name], tongue(language))


def code_prompt(chat: ChatSettings, groups: str, language: str) -> Prompt:
    """The code, twice, and where to enter it. Personal: its recording is not kept."""
    speaks = tongue(language)
    said = spoken(groups, Kind.DIGITS, speaks)
    words = _WORDS[speaks]["code"].format(address=address(chat, speaks), code=said)
    return Prompt(words, speaks, personal=True)


def text_of(chat: ChatSettings, link: str, language: str) -> str:
    """What the text message says."""
    words = _WORDS[tongue(language)][TEXT].format(link=link)
    title = chat.title.get(language)
    return f"{title}: {words}" if title else words


def address(chat: ChatSettings, language: str) -> str:
    """Where customers enter their code, as it is spoken."""
    parts = urlsplit(chat.url)
    written = f"{parts.netloc}{parts.path.rstrip('/')}/chat"
    signs = _SIGNS[language]
    return " ".join("".join(signs.get(sign, sign) for sign in written).split())
