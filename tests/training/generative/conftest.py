"""Models of a few thousand weights that write, with a tokenizer of bytes, made here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.conftest import write_csv
from training.spec import Spec, from_dict

torch = pytest.importorskip("torch")

TEXTS = [
    "The cat sat on the mat and the dog lay at the door.",
    "Please answer the question in a few words, thank you very much.",
    "User: hello, can you help me? Assistant: yes, what do you need?",
    "你好，请问今天的天气怎么样？今天天气很好。",
]
CHAT = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
MARKED = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{% if m.role == 'assistant' %}{% generation %}"
    "{{ m.content }}<|end|>{% endgeneration %}{% else %}{{ m.content }}<|end|>{% endif %}{{ '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
# Like those of models that think: what comes before an answer is not what stands there afterwards.
THINKING = CHAT.replace(
    "<|start|>assistant\n{% endif %}", "<|start|>assistant\n<think></think>{% endif %}"
)


def made_tokenizer(chat: str | None) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|start|>", "<|pad|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=360, special_tokens=special, initial_alphabet=alphabet)
    inner.train_from_iterator(TEXTS, trainer)
    if chat is None:
        inner.post_processor = processors.TemplateProcessing(
            single="$A <|end|>", special_tokens=[("<|end|>", 0)]
        )
    found = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token="<|end|>",
        pad_token="<|pad|>" if chat is None else "<|end|>",
        additional_special_tokens=["<|start|>"],
        model_max_length=256,
        clean_up_tokenization_spaces=False,
    )
    found.chat_template = chat or None
    return found


@pytest.fixture(scope="session")
def chat_tokenizer() -> Any:
    """Pad token equals end token."""
    return made_tokenizer(CHAT)


@pytest.fixture(scope="session")
def templated() -> Callable[[str], Any]:
    """A tokenizer with another template; "" for none."""
    return made_tokenizer


@pytest.fixture(scope="session")
def marked_tokenizer() -> Any:
    return made_tokenizer(MARKED)


@pytest.fixture(scope="session")
def thinking_tokenizer() -> Any:
    return made_tokenizer(THINKING)


@pytest.fixture(scope="session")
def pair_tokenizer() -> Any:
    """For an encoder and a decoder: every text ends in the end token."""
    return made_tokenizer(None)


def saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def llama_base(chat_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(chat_tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=512,
        tie_word_embeddings=True, eos_token_id=0, bos_token_id=1, pad_token_id=0,
        initializer_range=0.2,
    )  # fmt: skip
    return saved(LlamaForCausalLM(config), chat_tokenizer, tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def gpt_base(chat_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(2)
    config = GPT2Config(
        vocab_size=len(chat_tokenizer), n_embd=32, n_layer=2, n_head=4, n_positions=512,
        eos_token_id=0, bos_token_id=1, pad_token_id=0, initializer_range=0.2,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )  # fmt: skip
    return saved(GPT2LMHeadModel(config), chat_tokenizer, tmp_path_factory.mktemp("gpt"))


@pytest.fixture(scope="session")
def t5_base(pair_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(3)
    config = T5Config(
        vocab_size=len(pair_tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
        eos_token_id=0, pad_token_id=2, decoder_start_token_id=2, dropout_rate=0.0,
    )  # fmt: skip
    return saved(T5ForConditionalGeneration(config), pair_tokenizer, tmp_path_factory.mktemp("t5"))


@pytest.fixture(scope="session")
def marian_base(pair_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import MarianConfig, MarianMTModel

    torch.manual_seed(4)
    config = MarianConfig(
        vocab_size=len(pair_tokenizer), d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
        decoder_ffn_dim=64, eos_token_id=0, pad_token_id=2, decoder_start_token_id=2,
        forced_eos_token_id=None, scale_embedding=True, dropout=0.0, init_std=0.2,
    )  # fmt: skip
    model = MarianMTModel(config)
    model.generation_config.bad_words_ids = [[2]]
    return saved(model, pair_tokenizer, tmp_path_factory.mktemp("marian"))


@pytest.fixture(scope="session")
def talk_about() -> dict[str, Any]:
    return {"objective": "causal", "inputs": ["messages"], "max_length": 256, "pad": 0}


@pytest.fixture(scope="session")
def ask_about() -> dict[str, Any]:
    return {
        "objective": "causal", "inputs": ["source"], "answer": "target", "max_length": 128,
        "template": "Shorter:\n{source}", "pad": 0, "max_new_tokens": 16,
    }  # fmt: skip


@pytest.fixture(scope="session")
def pair_about() -> dict[str, Any]:
    return {
        "objective": "seq2seq", "inputs": ["source"], "answer": "target", "max_length": 128,
        "template": "{source}", "pad": 2, "max_new_tokens": 16,
    }  # fmt: skip


@pytest.fixture
def questions(llama_base: Path, tmp_path: Path) -> Callable[..., Spec]:
    """`questions(epochs=1)`: a quick run in fp32 on 45 questions, of which few are tested, with these settings."""
    lines = [(f"what is {n}", f"{n}") for n in range(45)]
    file = write_csv(tmp_path / "rows.csv", lines, ("question", "answer_text"))
    given: dict[str, Any] = {"task": "question-answering", "train": str(file), "effort": "quick"}
    given |= {"columns": {name: name for name in ("question", "answer_text")}}
    usual = {"tested": 10, "max_new_tokens": 2, "precision": "fp32"}

    def made(**settings: Any) -> Spec:
        asked = {**given, "base_folder": str(llama_base), "settings": usual | settings}
        return from_dict(asked)

    return made
