"""The importers, in the order in which a file is offered to them: the more particular come first."""

from training.table.formats import (
    comprehend,
    conll,
    delimited,
    doccano,
    json_plain,
    label_studio,
    openai_chat,
    parquet,
    sharegpt,
    spacy,
    squad,
    vertex,
    vertex_csv,
    xlsx,
)
from training.table.formats.shape import Format, _

FORMATS: dict[str, Format] = {
    "parquet": Format(
        "parquet",
        _("Parquet"),
        (".parquet",),
        parquet.sniff,
        parquet.open_table,
        binary="parquet",
    ),
    "xlsx": Format(
        "xlsx",
        _("Excel workbook"),
        (".xlsx", ".xlsm"),
        xlsx.sniff,
        xlsx.open_table,
        binary="xlsx",
    ),
    "squad": Format("squad", _("SQuAD"), (".json", ".jsonl"), squad.sniff, squad.open_table),
    "label-studio": Format(
        "label-studio",
        _("Label Studio export"),
        (".json",),
        label_studio.sniff,
        label_studio.open_table,
    ),
    "openai-chat": Format(
        "openai-chat",
        _("OpenAI chat"),
        (".jsonl",),
        openai_chat.sniff,
        openai_chat.open_table,
    ),
    "sharegpt": Format(
        "sharegpt", _("ShareGPT"), (".json", ".jsonl"), sharegpt.sniff, sharegpt.open_table
    ),
    "vertex-jsonl": Format(
        "vertex-jsonl", _("Vertex AI JSON Lines"), (".jsonl",), vertex.sniff, vertex.open_table
    ),
    "doccano": Format(
        "doccano", _("doccano export"), (".jsonl",), doccano.sniff, doccano.open_table
    ),
    "spacy": Format(
        "spacy", _("spaCy training data"), (".json", ".jsonl"), spacy.sniff, spacy.open_table
    ),
    "jsonl": Format(
        "jsonl",
        _("JSON Lines"),
        (".jsonl", ".ndjson"),
        json_plain.sniff_lines,
        json_plain.open_lines,
    ),
    "json": Format(
        "json", _("JSON"), (".json",), json_plain.sniff_document, json_plain.open_document
    ),
    "conll": Format(
        "conll",
        _("CoNLL columns (BIO, BIOES)"),
        (".conll", ".bio", ".iob", ".txt"),
        conll.sniff,
        conll.open_table,
    ),
    "vertex-csv": Format(
        "vertex-csv",
        _("Vertex AI or AutoML CSV"),
        (".csv",),
        vertex_csv.sniff,
        vertex_csv.open_table,
        delimited=True,
        headerless=True,
    ),
    "comprehend": Format(
        "comprehend",
        _("Amazon Comprehend CSV"),
        (".csv",),
        comprehend.sniff,
        comprehend.open_table,
        delimited=True,
        headerless=True,
    ),
    "csv": Format(
        "csv",
        _("CSV or TSV"),
        (".csv", ".tsv", ".tab", ".txt"),
        delimited.sniff,
        delimited.open_table,
        delimited=True,
    ),
}

__all__ = ["FORMATS", "Format"]
