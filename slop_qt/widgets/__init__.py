"""What panels are made of; a widget knows no session."""
