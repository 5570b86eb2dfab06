"""The editable state of tracks: documents, tickets, undo, saving, and what becomes of others' changes."""
