"""The picture of a ticket graph: where everything stands, how it is painted, walked through and changed."""
