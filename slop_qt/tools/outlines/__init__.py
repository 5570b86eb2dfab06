"""What an outline is made from: grammars, what a query finds with them, and how it is written down."""
