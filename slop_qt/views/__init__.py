"""One module a panel or dialog, bound to the session's models."""
