"""Server-sent events out of bytes as they come (WHATWG HTML, 9.2.6), for APIs whose data says what it is."""

__all__ = ["SseParser"]


class SseParser:
    """Turns any cutting of a byte stream into the same events. One per response.

    Only `data` matters here: names, ids, retry times and comments are passed over. An event that the stream ends in
    the middle of never was one.
    """

    def __init__(self) -> None:
        self._line: list[bytes] = []  # the beginning of a line that is not complete, in pieces
        self._data: list[bytes] = []  # the data lines of an event that is not complete
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of each event that is complete now, undecoded; several data lines are joined by a newline."""
        if self._after_cr and chunk:  # a CRLF may be cut in the middle, and its CR has ended the line already
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if b"\n" not in chunk:
            self._line.append(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._line:
            lines[0] = b"".join((*self._line, lines[0]))
        self._line = [lines.pop()]
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events: list[bytes] = []
        gathered = self._data
        for line in lines:
            if not line:
                if gathered:
                    events.append(gathered[0] if len(gathered) == 1 else b"\n".join(gathered))
                    gathered.clear()
            elif line.startswith(b"data:"):
                gathered.append(line[6:] if line[5:6] == b" " else line[5:])
        return events
