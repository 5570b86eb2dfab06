"""A plain-text ledger, small enough to read in one sitting."""
