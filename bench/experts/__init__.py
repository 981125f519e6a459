"""An expert with the stock Trainer of transformers, beside ours: the same rows, the same base."""
