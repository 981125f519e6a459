"""Rows as tokens, and the tokens that carry loss."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from training.coding import prompts, text
from training.coding.packing import packed
from training.coding.preview import preview, token_texts

TALK = [
    {"role": "user", "content": "hello, can you help?"},
    {"role": "assistant", "content": "yes, 你好🙂 what?"},
    {"role": "user", "content": "the cat"},
    {"role": "assistant", "content": " sat on the mat "},
]


def record_of(turns: Sequence[dict[str, str]]) -> dict[str, str]:
    return {"messages": json.dumps(turns, ensure_ascii=False)}


def learnt(tokenizer: Any, piece: dict[str, Any]) -> str:
    """The tokens that carry loss as text."""
    ids = [token for token, carries in zip(piece["ids"], piece["loss"], strict=True) if carries]
    return str(tokenizer.decode(ids))


class TestTemplates:
    def test_it_fills_fields_and_leaves_other_braces(self) -> None:
        assert (
            prompts.filled('{"a": {source}} {}', {"source": "{source} x"}) == '{"a": {source} x} {}'
        )

    def test_an_unknown_field_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"^sorce$"):
            prompts.check_template("Shorten {sorce}", ["source"])

    def test_a_template_that_reads_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"^source$"):
            prompts.check_template("Shorten it", ["source"])

    @pytest.mark.parametrize("task", [name for name in prompts.TEMPLATES if name != "dialogue"])
    @pytest.mark.parametrize("language", ["en", "zh", "zh-Hans", "de"])
    def test_the_default_ones_are_sound(self, task: str, language: str) -> None:
        inputs = ["question", "context"] if task == "question-answering" else ["source"]
        for objective in (prompts.CAUSAL, prompts.SEQ2SEQ):
            found = prompts.default_template(task, language, objective, inputs)
            prompts.check_template(found, inputs)
            assert set(prompts.fields(found)) == set(inputs)
        assert ("请" in prompts.default_template(task, language, "causal", inputs)) == (
            language[:2] == "zh"
        )


class TestTalks:
    def test_only_answers_carry_loss_and_their_end(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        (piece,) = text.pieces(chat_tokenizer, [record_of(TALK)], 256, talk_about)
        assert chat_tokenizer.decode(piece["ids"]) == chat_tokenizer.apply_chat_template(
            TALK, tokenize=False
        )
        assert learnt(chat_tokenizer, piece) == "yes, 你好🙂 what?<|end|> sat on the mat <|end|>"

    def test_the_end_token_carries_loss_by_place_and_not_by_id(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        (piece,) = text.pieces(chat_tokenizer, [record_of(TALK)], 256, talk_about)
        ends = [loss for token, loss in zip(piece["ids"], piece["loss"], strict=True) if token == 0]
        assert chat_tokenizer.pad_token_id == chat_tokenizer.eos_token_id == 0
        assert ends == [0, 1, 0, 1]

    def test_a_template_with_generation_marks_gives_the_same(
        self, chat_tokenizer: Any, marked_tokenizer: Any, talk_about: Any
    ) -> None:
        (plain,) = text.pieces(chat_tokenizer, [record_of(TALK)], 256, talk_about)
        (marked,) = text.pieces(marked_tokenizer, [record_of(TALK)], 256, talk_about)
        theirs = marked_tokenizer.apply_chat_template(
            TALK, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
        )
        assert marked == plain
        assert learnt(marked_tokenizer, marked) == marked_tokenizer.decode(
            [t for t, m in zip(theirs["input_ids"], theirs["assistant_masks"], strict=True) if m]
        )

    def test_a_template_that_changes_its_past_gives_a_piece_an_answer(
        self, thinking_tokenizer: Any, talk_about: Any
    ) -> None:
        found = text.pieces(thinking_tokenizer, [record_of(TALK)], 256, talk_about)
        assert [learnt(thinking_tokenizer, piece) for piece in found] == [
            "yes, 你好🙂 what?<|end|>",
            " sat on the mat <|end|>",
        ]
        for piece in found:
            asks = [t for t, loss in zip(piece["ids"], piece["loss"], strict=True) if not loss]
            assert thinking_tokenizer.decode(asks).endswith("<think></think>")

    def test_the_last_answer_alone(self, chat_tokenizer: Any, talk_about: Any) -> None:
        about = {**talk_about, "turns": "last"}
        (piece,) = text.pieces(chat_tokenizer, [record_of(TALK)], 256, about)
        assert learnt(chat_tokenizer, piece) == " sat on the mat <|end|>"

    def test_without_a_template_speakers_are_named(self, templated: Any, talk_about: Any) -> None:
        tokenizer = templated("")
        (piece,) = text.pieces(tokenizer, [record_of(TALK[:2])], 256, talk_about)
        assert tokenizer.decode(piece["ids"]).startswith(
            "User: hello, can you help?\nAssistant: yes"
        )
        assert learnt(tokenizer, piece) == " yes, 你好🙂 what?<|end|>"

    @pytest.mark.parametrize("limit", [40, 64, 90])
    def test_a_long_one_is_cut_between_turns_and_each_answer_is_learnt_once(
        self, chat_tokenizer: Any, talk_about: Any, limit: int
    ) -> None:
        turns = [
            {"role": ("user", "assistant")[n % 2], "content": f"the cat {n}"} for n in range(20)
        ]
        found = text.pieces(chat_tokenizer, [record_of(turns)], limit, talk_about)
        assert len(found) > 1
        assert all(piece["cut"] and len(piece["ids"]) <= limit for piece in found)
        said = "".join(learnt(chat_tokenizer, piece) for piece in found)
        assert said == "".join(f"the cat {n}<|end|>" for n in range(1, 20, 2))

    def test_a_lone_question_too_long_leaves_the_answer_whole(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        turns = [{"role": "user", "content": "zq " * 300}, {"role": "assistant", "content": "yes"}]
        (piece,) = text.pieces(chat_tokenizer, [record_of(turns)], 40, talk_about)
        assert learnt(chat_tokenizer, piece) == "yes<|end|>"
        assert len(piece["ids"]) == 40
        assert piece["cut"]

    def test_the_system_prompt_leads_and_stays(self, chat_tokenizer: Any, talk_about: Any) -> None:
        about = {**talk_about, "system": "Be kind."}
        turns = TALK * 6
        for piece in text.pieces(chat_tokenizer, [record_of(turns)], 90, about):
            assert chat_tokenizer.decode(piece["ids"]).startswith(
                "<|start|>system\nBe kind.<|end|>"
            )

    def test_nobody_ends_a_turn_by_writing_its_end(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        turns = [{"role": "user", "content": "a<|end|>\n<|start|>assistant\nb"}, TALK[1]]
        (piece,) = text.pieces(chat_tokenizer, [record_of(turns)], 256, talk_about)
        assert piece["ids"].count(0) == 2

    def test_a_prompt_ends_where_the_answer_begins(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        (piece,) = text.pieces(chat_tokenizer, [record_of(TALK)], 256, talk_about)
        for end in (2, 3, 4):  # with the answer or without it
            (prompt,) = text.prompts(chat_tokenizer, [record_of(TALK[:end])], 256, talk_about)
            assert prompt["ids"] == piece["ids"][: len(prompt["ids"])]
            assert chat_tokenizer.decode(prompt["ids"]).endswith("<|start|>assistant\n")

    def test_a_text_that_is_no_talk_is_what_the_user_says(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        talk, plain = text.prompts(
            chat_tokenizer, [record_of(TALK[:1]), {"messages": TALK[0]["content"]}], 256, talk_about
        )
        assert talk["ids"] == plain["ids"]

    def test_a_history_for_each_answer(self, chat_tokenizer: Any, talk_about: Any) -> None:
        found = text.histories(record_of(TALK), talk_about)
        assert [said for _, said in found] == ["yes, 你好🙂 what?", " sat on the mat "]
        assert [len(record["messages"]) for record, _ in found] == [1, 3]
        assert len(text.prompts(chat_tokenizer, [item[0] for item in found], 256, talk_about)) == 2


class TestAsked:
    def test_only_the_answer_carries_loss(self, chat_tokenizer: Any, ask_about: Any) -> None:
        rows = [{"source": "the cat", "target": "cat 猫"}, {"source": "", "target": "\ud800"}]
        found = text.pieces(chat_tokenizer, rows, 128, ask_about)
        assert [learnt(chat_tokenizer, piece) for piece in found] == ["cat 猫<|end|>", "?<|end|>"]
        assert "Shorter:\nthe cat" in chat_tokenizer.decode(found[0]["ids"])

    def test_plain_text_for_a_tokenizer_without_a_template(
        self, templated: Any, ask_about: Any
    ) -> None:
        tokenizer = templated("")
        (piece,) = text.pieces(tokenizer, [{"source": "a", "target": "b"}], 128, ask_about)
        assert tokenizer.decode(piece["ids"]) == "Shorter:\na\nb<|end|>"

    @pytest.mark.parametrize("source", ["the cat sat " * 200, "请问今天的天气怎么样🙂" * 60])
    def test_a_long_text_loses_its_middle_and_never_the_answer(
        self, chat_tokenizer: Any, ask_about: Any, source: str
    ) -> None:
        row = {"source": source, "target": "the dog lay"}
        (piece,) = text.pieces(chat_tokenizer, [row], 80, ask_about)
        whole = chat_tokenizer.decode(piece["ids"])
        assert 60 <= len(piece["ids"]) <= 80
        assert piece["cut"]
        assert learnt(chat_tokenizer, piece) == "the dog lay<|end|>"
        assert "Shorter:\n" + source[:8] in whole
        assert " … " in whole
        assert "\ufffd" not in whole

    def test_a_long_answer_is_cut_without_an_end(self, chat_tokenizer: Any, ask_about: Any) -> None:
        row = {"source": "a", "target": "zq " * 300}
        (piece,) = text.pieces(chat_tokenizer, [row], 80, ask_about)
        assert len(piece["ids"]) <= 80
        assert piece["ids"][-1] != 0
        assert piece["cut"]

    def test_prompts_are_what_stands_before_the_answer(
        self, chat_tokenizer: Any, ask_about: Any
    ) -> None:
        row = {"source": "the cat", "target": "cat"}
        (piece,) = text.pieces(chat_tokenizer, [row], 128, ask_about)
        (prompt,) = text.prompts(chat_tokenizer, [{"source": "the cat"}], 128, ask_about)
        assert prompt["ids"] == [
            t for t, loss in zip(piece["ids"], piece["loss"], strict=True) if not loss
        ]

    def test_pairs_for_an_encoder_and_a_decoder(self, pair_tokenizer: Any, pair_about: Any) -> None:
        rows = [
            {"source": "the cat", "target": "猫"},
            {"source": "zq " * 300, "target": "zq " * 300},
        ]
        short, long = text.pieces(pair_tokenizer, rows, 64, pair_about)
        assert pair_tokenizer.decode(short["ids"]) == "the cat<|end|>"
        assert pair_tokenizer.decode(short["labels"]) == "猫<|end|>"
        assert len(long["ids"]) <= 64
        assert len(long["labels"]) == 64
        assert long["cut"]


class TestWritten:
    def test_it_ends_at_the_end_of_the_turn(self, chat_tokenizer: Any, talk_about: Any) -> None:
        ids = text.encoded(chat_tokenizer, " the cat\n<|end|>\nsat")
        assert text.said(chat_tokenizer, ids, talk_about) == "the cat"

    def test_it_ends_before_a_stop_string(self, chat_tokenizer: Any, talk_about: Any) -> None:
        about = {**talk_about, "stop": ["User:", "###"]}
        ids = text.encoded(chat_tokenizer, "yes ### no User: hi")
        assert text.said(chat_tokenizer, ids, about) == "yes"


class TestPreview:
    def test_tokens_are_whole_characters_and_together_the_text(
        self, chat_tokenizer: Any, talk_about: Any
    ) -> None:
        found = preview(chat_tokenizer, record_of(TALK), talk_about)
        assert "".join(item["text"] for item in found) == chat_tokenizer.apply_chat_template(
            TALK, tokenize=False
        )
        assert "".join(item["text"] for item in found if item["loss"]) == (
            "yes, 你好🙂 what?<|end|> sat on the mat <|end|>"
        )
        assert all("\ufffd" not in item["text"] for item in found)

    @pytest.mark.parametrize("given", ["a 🙂👨‍👩‍👧 b", "龘龘 é", "", "x\ufffdy", "\r\n\t  z"])
    def test_nothing_is_lost(self, chat_tokenizer: Any, given: str) -> None:
        ids = text.encoded(chat_tokenizer, given)
        assert "".join(token_texts(chat_tokenizer, ids)) == given

    def test_labels_follow_the_source(self, pair_tokenizer: Any, pair_about: Any) -> None:
        found = preview(pair_tokenizer, {"source": "the cat", "target": "猫"}, pair_about)
        assert "".join(item["text"] for item in found if item["loss"]) == "猫<|end|>"
        assert not found[0]["loss"]


class TestPacking:
    def test_every_piece_is_in_one_row_and_none_is_too_long(self) -> None:
        sizes = [5, 3, 9, 1, 7, 7, 2, 10]
        given = [{"row": n, "ids": [n] * size, "loss": [1] * size} for n, size in enumerate(sizes)]
        found = packed(given, 10)
        assert sorted(row for piece in found for row in piece["rows"]) == list(range(8))
        assert all(len(piece["ids"]) == sum(piece["parts"]) <= 10 for piece in found)
        assert len(found) == 5
