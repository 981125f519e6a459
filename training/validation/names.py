"""Names of people where a phrase announces them: “my name is …”, “Dear Mr …”, 我叫…, …先生. No other is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What stands behind such a phrase in capitals without being a name.
_NOT = {
    "a", "all", "and", "are", "at", "but", "colleague", "colleagues", "customer", "customers", "everyone", "for",
    "friend", "friends", "god", "hello", "hi", "i", "is", "it", "lord", "madam", "my", "no", "not", "please", "sir",
    "sirs", "so", "still", "support", "team", "thank", "thanks", "the", "this", "to", "we", "what", "why", "you",
    "santa", "diary", "valued", "hiring", "manager", "mr", "mrs", "ms", "dr", "customer service",
}  # fmt: skip
_LETTERS = "A-Za-zÀ-ÖØ-öø-ɏ"
_WORD = rf"(?:[A-ZÀ-ÖØ-Þ]\.|[A-ZÀ-ÖØ-Þ][{_LETTERS}]*(?:-[{_LETTERS}]+|['’][A-Z][{_LETTERS}]+)?)"
_FULL = rf"(?P<name>{_WORD}(?: (?:(?:van|von|de|der|den|da|di|del|bin|al) ){{0,2}}{_WORD}){{0,3}})"
_LATIN = (
    re.compile(rf"\b(?:[Mm]y (?:full |first |last )?name(?: is|['’]s|:)|[Mm]y name, ) ?{_FULL}"),
    re.compile(rf"\b[Nn]ame: ?{_FULL}"),
    re.compile(rf"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Monsieur|Madame|Señora?)\b\.? {_FULL}"),
    re.compile(rf"^\s{{0,9}}Dear {_FULL},"),
    re.compile(rf"\b[Tt]his is {_FULL},? (?:calling|speaking|writing|from|here)\b"),
    re.compile(
        rf"\b(?:[Ss]incerely|[Rr]egards|[Yy]ours (?:truly|faithfully)|[Cc]heers),?\s{{1,4}}{_FULL}\s{{0,4}}$"
    ),
)
_CUES = (
    "ame",
    "Mr",
    "Ms",
    "Miss ",
    "Dr",
    "Dear ",
    "his is ",
    "egards",
    "incerely",
    "heers",
    "ours ",
    "Prof",
    "Herr",
    "Frau",
    "Mons",
    "Mad",
    "Se",
)

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢"
    "姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
_SURNAME = rf"(?:欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|[{_SURNAMES}])"
_HAN = "[\u4e00-\u9fff]"
_STOP = r"(?=$|[\s,.!?;:()，。！？；：、（）~～…])"
_CHINESE = (
    re.compile(rf"(?:我叫|我的名字(?:叫|是)|姓名(?:是|为|[:：])\s?)(?P<name>{_SURNAME}{_HAN}{{1,2}}){_STOP}"),
    re.compile(rf"(?:^|[\s,.!?，。！？])(?:你好|您好)?[,， ]?(?:我是|本人)(?P<name>{_SURNAME}{_HAN}{{1,2}}){_STOP}"),
    re.compile(rf"(?P<name>{_SURNAME}[^\W\d的了在向这那位个台]{{0,2}}?)(?:先生|女士|小姐)"),
)  # fmt: skip
_CHINESE_CUES = ("我叫", "名字", "姓名", "我是", "本人", "先生", "女士", "小姐")
# Words that begin like a surname.
_NOT_CHINESE = re.compile(
    "高兴|方便|白天|白领|金卡|万分|马上|任何|何必|何况|夏天|石头|江苏|江西|陆续|严重|温州|钱包|程序|黄金|高级|高管|高中|方面|"
    "常客|段时间|向来|高手|武汉人|金牌|万科|林业|田园|龙头|石油|易怒|毛衣|雷人|周末|周日|周一|周五|周六"
)  # fmt: skip


def find(text: str) -> Iterator[tuple[int, int]]:
    """Places of the names, (start, end) in code points; they may overlap."""
    if any(cue in text for cue in _CUES):
        yield from _latin(text)
    if not text.isascii() and any(cue in text for cue in _CHINESE_CUES):
        for pattern in _CHINESE:
            for match in pattern.finditer(text):
                if not _NOT_CHINESE.match(match["name"]):
                    yield match.span("name")


def _latin(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _LATIN:
        for match in pattern.finditer(text):
            words = match["name"].split(" ")
            taken = next((n for n, word in enumerate(words) if word.lower() in _NOT), len(words))
            if taken:
                start = match.start("name")
                yield start, start + len(" ".join(words[:taken]))
