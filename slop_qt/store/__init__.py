"""What is kept on disk: journal, Conductor's files, settings, keys."""
