"""What a model may do: strict arguments, what would happen, and doing it."""
