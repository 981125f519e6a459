"""A user's table file, read as text and nothing else: `NA`, `007` and `1e5` stay what they are.

Streams whatever the format; memory does not grow with the file. What is wrong with a row comes with the row.
"""

from training.table.blocks import Chunk, chunks
from training.table.cells import blank, strings
from training.table.dialect import Dialect
from training.table.encoding import ENCODINGS
from training.table.formats import FORMATS, Format
from training.table.reader import detect, preview, read
from training.table.shape import Detected, Fault, Preview, Record, Table
from training.table.words import MAX_CELL, MAX_COLUMN_NAME, MAX_COLUMNS

__all__ = [
    "ENCODINGS",
    "FORMATS",
    "MAX_CELL",
    "MAX_COLUMNS",
    "MAX_COLUMN_NAME",
    "Chunk",
    "Detected",
    "Dialect",
    "Fault",
    "Format",
    "Preview",
    "Record",
    "Table",
    "blank",
    "chunks",
    "detect",
    "preview",
    "read",
    "strings",
]
