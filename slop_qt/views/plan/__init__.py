"""The Plan panel: spec, plan and tickets of the selected track, to be read and edited."""
