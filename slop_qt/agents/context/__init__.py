"""What goes along with an agent's first message: which files, in which form, and why each is there."""
