"""The Results tab: one sentence, and everything under it."""
