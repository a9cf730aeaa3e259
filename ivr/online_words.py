"""What callers hear, and are written, about going on online, in the languages of waiting times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from ivr.chat_settings import ChatSettings
from ivr.online_offer import every_wording
from ivr.phone_numbers import shown
from voice.phrases import WAIT_LANGUAGES
from voice.ports import Prompt
from voice.spoken import Kind, spoken

ELSE = "en"
"""Spoken to callers whose language we have no words in."""
CHANNEL = {"en": "our chat", "zh": "网上聊天"}
SENDING, SENT, FAILED, ONLINE, STAYS = "sending", "sent", "failed", "online", "stays"
CODE, NOT_SENT, TEXT = "code", "not sent", "text"
HOW, NUMBER, NO_NUMBER, RIGHT = "how", "number", "no number", "right"
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        SENDING: "A text message with a link is on its way to your phone. Open the link to go on "
        "in our chat. Your place in line is kept, and you may stay on the line until you are "
        "there.",
        SENT: "We have sent you a text message. Open its link to go on in our chat. Your "
        "place in line is kept, and you may stay on the line until you are there.",
        NOT_SENT: "The text message has not reached you. ",
        CODE: "Go to {address}, and enter this code: {code}. Once more: {code}. The address is "
        "{address}. The code is good for ten minutes. Your place in line is kept, and you may stay "
        "on the line until you are there.",
        FAILED: "That is not possible just now. Your place in line is kept, please hold the line.",
        ONLINE: "You are in our chat now, with your place in line, so this call ends. To stay on "
        "the phone instead, press one.",
        STAYS: "You stay on the phone. Your place in line is kept, please hold the line.",
        TEXT: "Go on here in our chat; your place in line is kept: {link}",
        HOW: "To get a text message with a link, press one, and then enter the number of your "
        "mobile phone. To hear a code instead, press two, or just wait.",
        NUMBER: "Enter the number of your mobile phone, and then the pound key. To hear a code "
        "instead, just wait.",
        NO_NUMBER: "We cannot send a text message to this number. ",
        RIGHT: "The number is {number}. If this is right, press one. To enter it again, press two. "
        "To hear a code instead, just wait.",
    },
    "zh": {
        SENDING: "带链接的短信正在发往您的手机。打开其中的链接，即可在网上聊天中继续。"
        "您的排位已保留，在转过去之前可以不挂机。",
        SENT: "短信已经发出。打开短信中的链接，即可在网上聊天中继续。"
        "您的排位已保留，在转过去之前可以不挂机。",
        NOT_SENT: "短信未能送达。",
        CODE: "请打开网址{address}，输入口令：{code}。再说一遍：{code}。网址是{address}。"
        "十分钟内有效。您的排位已保留，在转过去之前可以不挂机。",
        FAILED: "目前无法转接。您的排位已保留，请不要挂机。",
        ONLINE: "您已进入网上聊天，排位不变，本次通话即将结束。如要继续使用电话，请按一。",
        STAYS: "您将继续使用电话。您的排位已保留，请不要挂机。",
        TEXT: "请点此在网上聊天中继续，您的排位已保留：{link}",
        HOW: "要用短信接收链接，请按一，然后输入您的手机号码。要收听口令，请按二，或稍等。",
        NUMBER: "请输入您的手机号码，按井号键结束。要收听口令，请稍等。",
        NO_NUMBER: "这个号码无法接收我们的短信。",
        RIGHT: "您的号码是{number}。正确请按一，重新输入请按二。要收听口令，请稍等。",
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


def spoken_online(languages: Iterable[str]) -> Iterator[Prompt]:
    """Everything that is said of going online and is nobody's own, to callers of these languages:
    it is recorded before the first of them waits."""
    same = (SENDING, SENT, FAILED, ONLINE, STAYS, HOW)
    for language in sorted({tongue(language) for language in languages}):
        for words in every_wording(language, CHANNEL[language]):
            yield Prompt(words, language)
        yield from (phrase(name, language) for name in same)
        yield from (number_prompt(language, again) for again in (False, True))


def code_prompt(
    chat: ChatSettings, groups: str, language: str, instead: bool = False
) -> Prompt:  # fmt: skip
    """The code, twice, and where to enter it; `instead` of a text. Personal: its recording is not
    kept."""
    speaks = tongue(language)
    said = spoken(groups, Kind.DIGITS, speaks)
    before = _WORDS[speaks][NOT_SENT] if instead else ""
    words = before + _WORDS[speaks][CODE].format(address=address(chat, speaks), code=said)
    return Prompt(words, speaks, personal=True)


def number_prompt(language: str, again: bool = False) -> Prompt:
    """Asks for a mobile number; `again`: because texts cannot be sent to the one before."""
    speaks = tongue(language)
    before = _WORDS[speaks][NO_NUMBER] if again else ""
    return Prompt(before + _WORDS[speaks][NUMBER], speaks)


def right_prompt(number: str, region: str, language: str) -> Prompt:
    """The number (E.164) as people of `region` read it, and whether it is right. Personal."""
    speaks = tongue(language)
    said = spoken(shown(number, region), Kind.DIGITS, speaks)
    return Prompt(_WORDS[speaks][RIGHT].format(number=said), speaks, personal=True)


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
