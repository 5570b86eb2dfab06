"""The vocabulary: frozen shapes, the state that events fold into, ports and errors. No I/O, no Qt."""
