"""How fast the training is, beside what people would otherwise run."""
