"""How models are made: plain Python and torch, usable without the site (`python -m training`)."""
