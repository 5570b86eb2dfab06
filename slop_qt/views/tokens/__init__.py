"""The Tokens panel: what each stream sends, and what all of it has cost."""
