"""Scripts, languages, and what a base does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.validation import language

SENTENCES = {
    "en": "I am still waiting for my new card, it has been a week already.",
    "de": "Ich warte immer noch auf meine neue Karte, es ist schon eine Woche her.",
    "fr": "J’attends toujours ma nouvelle carte, cela fait déjà une semaine.",
    "es": "Todavía estoy esperando mi tarjeta nueva, ya ha pasado una semana.",
    "it": "Sto ancora aspettando la mia nuova carta, è già passata una settimana.",
    "pt": "Ainda estou à espera do meu novo cartão, já passou uma semana.",
    "nl": "Ik wacht nog steeds op mijn nieuwe kaart, het is al een week geleden.",
    "ru": "Я всё ещё жду свою новую карту, прошла уже неделя.",
    "zh": "我还在等我的新卡，已经一个星期了。",
    "ja": "新しいカードをまだ待っています。もう一週間になります。",
    "ko": "아직 새 카드를 기다리고 있어요. 벌써 일주일이 지났어요.",
    "ar": "ما زلت أنتظر بطاقتي الجديدة، لقد مر أسبوع بالفعل.",
    "el": "Περιμένω ακόμα τη νέα μου κάρτα, έχει περάσει ήδη μια εβδομάδα.",
    "he": "אני עדיין מחכה לכרטיס החדש שלי, כבר עבר שבוע.",
    "th": "ฉันยังรอบัตรใหม่ของฉันอยู่ ผ่านไปหนึ่งสัปดาห์แล้ว",
    "hi": "मैं अभी भी अपने नए कार्ड का इंतज़ार कर रहा हूँ, एक सप्ताह हो गया है।",
}


def test_the_languages_are_told_apart() -> None:
    assert language.mix(SENTENCES.values()) == dict.fromkeys(SENTENCES, 1 / len(SENTENCES))


def test_the_mix_is_by_rows_the_largest_first() -> None:
    texts = [SENTENCES["en"]] * 3 + [SENTENCES["zh"], SENTENCES["fr"]] * 2 + [SENTENCES["de"]]
    found = language.mix(texts)
    assert found == {"en": 0.375, "zh": 0.25, "fr": 0.25, "de": 0.125}
    assert next(iter(found)) == "en"


@pytest.mark.parametrize("text", ["", "12345 !!", "😀", "ok", "ABC-12"])
def test_too_little_is_no_language(text: str) -> None:
    assert language.mix([text]) == {"und": 1.0}


def test_chinese_with_a_few_latin_letters_is_chinese() -> None:
    assert language.mix(["我的iPhone坏了，怎么退货"]) == {"zh": 1.0}


def test_no_texts_are_no_mix() -> None:
    assert language.mix([]) == {}
    assert language.scripts([]) == {}


def test_scripts_are_shares_of_letters() -> None:
    assert language.scripts(["abcd 12", "汉字"]) == {"latin": 0.6667, "cjk": 0.3333}


def test_the_tokens_that_a_base_does_not_know_are_a_share(tmp_path: Path) -> None:
    found = language.unknown_shares([SENTENCES["en"]], bases_dir=tmp_path)
    assert found == {"minilm-l6": 0.0}
    assert language.unknown_shares([SENTENCES["zh"]], bases_dir=tmp_path)["minilm-l6"] > 0.3


def test_a_base_that_is_not_here_is_left_out(tmp_path: Path) -> None:
    assert language.unknown_shares(["a"], ["bert-base-uncased"], tmp_path) == {}


def test_every_base_in_the_folder_is_asked(tmp_path: Path, tiny_base: Path) -> None:
    (tmp_path / "bge-small-zh-v1.5").symlink_to(tiny_base)
    found = language.unknown_shares(["my 卡 card"], ["minilm-l6", "bge-small-zh-v1.5"], tmp_path)
    assert found["bge-small-zh-v1.5"] == pytest.approx(1 / 3, abs=1e-4)
