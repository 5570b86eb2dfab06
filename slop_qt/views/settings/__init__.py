"""The settings dialog: models of the tiers, keys, and model servers on this machine."""
