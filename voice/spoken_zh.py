"""Values as Chinese words: the Mandarin of a telephone service on the mainland.

- 两 stands where a number begins with it and 百, 千, 万 or 亿 follows (两百, 两千二百, 两万), and
  before what is counted (两位, 两元, 两点, 两小时). 二 stands everywhere else: alone, in tens and
  units (二十二), inside a number (一千二百), after the point, in ordinals (第二百), in percentages
  (百分之二百), months and days.
- 十, not 一十, only where a number begins with it: 十五, but 一百一十五, 一千零一十.
- 零 once for each run of missing places before a lower one: 一百零五, 一万零五, 十万零一十. The
  zeros that end a group of four are not said: 十万五千.
- 万 and 亿 are the only large units (一万亿): 兆 means a million to some.
- 幺 is 1 in strings that are read one by one, since 一 is heard as 七; never in years or numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time

from voice.values import Money, Number

_DIGITS = "零一二三四五六七八九"
_SIZES = ((10**8, "亿"), (10**4, "万"), (1000, "千"), (100, "百"), (10, "十"))
_ONE_BY_ONE = dict(zip("0123456789+", "零幺二三四五六七八九加", strict=True))
_DAYS = "一二三四五六日"
_CURRENCIES = {
    "AUD": "澳元", "CAD": "加元", "CNY": "元", "EUR": "欧元", "GBP": "英镑",
    "HKD": "港元", "JPY": "日元", "KRW": "韩元", "SGD": "新加坡元", "USD": "美元",
}  # fmt: skip
_HUNDREDTHS = {"EUR": "欧分", "GBP": "便士", "USD": "美分"}
"""Parts whose name says whose they are; those of other countries are read as decimals."""
_SPANS = ((86_400, "天"), (3600, "小时"), (60, "分钟"), (1, "秒"))


def digits(groups: Sequence[str]) -> str:
    """One by one, a pause between groups: 幺三八，零零幺三，八零零零. Letters stand apart."""
    return "，".join(_group(group) for group in groups)


def _group(group: str) -> str:
    words = "".join(_ONE_BY_ONE.get(each, f" {each} ") for each in group)
    return " ".join(words.split())


def number(value: Number) -> str:
    """With 负 and 点, the digits after it one by one: 负一百零五点二零."""
    return _decimal(value.negative, cardinal(value.whole), value.decimals)


def percent(value: Number) -> str:
    """百分之十二点五. A fraction, so with 二: 百分之二百."""
    sign = "负" if value.negative else ""
    return f"{sign}百分之{_decimal(False, _plain(value.whole), value.decimals)}"


def cardinal(whole: int) -> str:
    """A whole number from 0 that stands alone: 二, 两百, 一万二千."""
    return re.sub("^二(?=[百千万亿])", "两", _plain(whole))


def count(whole: int) -> str:
    """A whole number from 0 before a measure word: 两, 十二."""
    return "两" if whole == 2 else cardinal(whole)


def ordinal(whole: int) -> str:
    """第二, 第十二, 第二百."""
    return f"第{_plain(whole)}"


def money(value: Money) -> str:
    """十二元三角, 十二元零五分, 两角; 十二美元三十美分; 十二点三港元.

    Of yuan, 角 and 分 only the first takes 两, as measures in a row always had it: 两元二角二分. An
    amount of a country whose parts have no name of their own is a decimal without the last zero.
    """
    sign = "负" if value.negative else ""
    name = _CURRENCIES[value.currency]
    whole = f"{count(value.whole)}{name}"
    if not value.parts:
        return sign + whole
    if value.currency == "CNY":
        return sign + _yuan(whole if value.whole else "", *divmod(value.parts, 10))
    if value.currency in _HUNDREDTHS:
        parts = f"{count(value.parts)}{_HUNDREDTHS[value.currency]}"
        return sign + (whole + parts if value.whole else parts)
    decimals = f"{value.parts:02}".rstrip("0")
    return _decimal(value.negative, cardinal(value.whole), decimals) + name


def _yuan(whole: str, tenths: int, hundredths: int) -> str:
    words = whole
    if tenths:
        words += f"{_DIGITS[tenths] if words else count(tenths)}角"
    elif words:
        words += "零"
    if hundredths:
        words += f"{_DIGITS[hundredths] if words else count(hundredths)}分"
    return words


def day(value: date) -> str:
    """二零二六年三月五日: the year digit by digit; 日, since 号 is too casual for a bank."""
    year = "".join(_DIGITS[int(each)] for each in str(value.year))
    return f"{year}年{_plain(value.month)}月{_plain(value.day)}日"


def weekday(value: date) -> str:
    """The day of the week alone: 星期四."""
    return f"星期{_DAYS[value.weekday()]}"


def clock(value: time) -> str:
    """Of twenty-four hours, as timetables say it: 二十一点, 两点零五分, 零点, 十二点三十分.

    Half hours are 三十分 and not 半: every minute is said alike, and the end of a short 半 is lost
    on a bad line. No 整 at full hours, no 上午 or 晚上: the hour has said it.
    """
    hour = f"{count(value.hour)}点"
    if not value.minute:
        return hour
    return f"{hour}{'零' if value.minute < 10 else ''}{_plain(value.minute)}分"


def moment(value: datetime) -> str:
    """Date and time in one: 二零二六年三月五日二十一点零五分."""
    return day(value.date()) + clock(value.time())


def duration(seconds: int) -> str:
    """两天三小时, 一小时零五分钟, 一分三十秒, 一小时零五秒.

    零 comes before a part under ten and where a unit is missing between two parts. 分钟 is 分 once
    seconds follow.
    """
    words, due, left = "", False, seconds
    for size, name in _SPANS:
        many, left = divmod(left, size)
        if not many:
            due = bool(words)
            continue
        unit = "分" if name == "分钟" and left else name
        zero = "零" if due or (words and many < 10) else ""
        words += f"{zero}{count(many)}{unit}"
        due = False
    return words or "零秒"


def _plain(whole: int) -> str:
    """With 二 throughout; 十 where it begins with ten."""
    words = _places(whole)
    return words.removeprefix("一") if words.startswith("一十") else words


def _places(whole: int) -> str:
    for size, name in _SIZES:
        if whole >= size:
            high, low = divmod(whole, size)
            zero = "零" if 0 < low < size // 10 else ""
            return f"{_places(high)}{name}{zero}{_places(low) if low else ''}"
    return _DIGITS[whole]


def _decimal(negative: bool, whole: str, decimals: str) -> str:
    after = "".join(_DIGITS[int(each)] for each in decimals)
    return f"{'负' if negative else ''}{whole}{'点' + after if after else ''}"
