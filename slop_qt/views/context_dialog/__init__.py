"""The dialog by which a person chooses what goes to a ticket's worker."""
