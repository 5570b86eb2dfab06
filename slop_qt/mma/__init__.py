"""The four tiers at work: conductor, planning, approvals, and the registry of commands."""
