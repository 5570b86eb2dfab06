"""The window driven from outside: widgets found by name, and used as a hand would use them."""
