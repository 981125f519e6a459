"""What a network reads and what its numbers mean, one module a head. Plain Python and numpy, no torch.

Each module has the same functions, and they travel inside the `predict.py` of an artifact:

    pieces(tokenizer, records, limit, about) -> what the network sees at once: {"row", "ids", …}; a row may have several
    results(outputs, pieces, records, about) -> what is scored: one item a record
    answers(results, records, about)         -> one plain answer a record, as JSON holds it
    columns(about), cells(answer, about)     -> what is added to a table of records

`records` map roles to texts; `about` is what attune.json says of the model.
"""
