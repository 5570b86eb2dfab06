"""`slop-qt doctor` in a process of its own, against loopback servers: what it says, what it asks, how it ends."""

import asyncio
import importlib
import json
import os
import re
from pathlib import Path

import pytest
from dialect import CANARY_KEY
from loopback import STALL, Answer, LoopbackServer, Received
from simulation_support import WAIT_S, Project, Result, finish, turn

from slop_qt.headless.doctor import Doctor
from slop_qt.headless.findings import Finding, Group, lines_of, signs_for
from slop_qt.launch import LaunchOptions

JSON = {"content-type": "application/json"}
ENTRIES = [
    {"type": "model", "id": name, "display_name": name, "created_at": "2025-11-01T00:00:00Z"}
    for name in ("claude-opus-4-5-20251101", "claude-haiku-4-5-20251001", "claude-haiku-4-5", "claude-opus-4-5")
]


def answered(body: object, status: int = 200) -> Answer:
    return Answer([json.dumps(body).encode()], status, JSON)


def anthropic(_: Received) -> Answer:
    return answered({"data": ENTRIES, "has_more": False, "first_id": "a", "last_id": "b"})


def refusing(_: Received) -> Answer:
    error = {"type": "authentication_error", "message": f"invalid x-api-key {CANARY_KEY}"}
    return answered({"type": "error", "error": error}, 401)


def doctor(project: Project, *arguments: str | Path, **environment: str) -> Result:
    """Run it. Its output has no key, whatever it says."""
    project.environment.update({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", **environment})
    result = project.slop("doctor", *arguments)
    assert CANARY_KEY not in result.out + result.err
    return result


def with_anthropic(server: LoopbackServer) -> dict[str, str]:
    return {"ANTHROPIC_API_KEY": CANARY_KEY, "ANTHROPIC_BASE_URL": server.base_url}


def lines(result: Result, standing: str) -> list[str]:
    return re.findall(rf"^  \S+ {standing} +(.*)$", result.out, re.MULTILINE)


def below(result: Result, words: str) -> str:
    """What to do about the finding with these words."""
    every = result.out.splitlines()
    return next(every[number + 1] for number, line in enumerate(every) if words in line)


def test_it_says_whose_system_prompts_are_used(project: Project) -> None:
    def of_prompts(standing: str) -> list[str]:
        return [line for line in lines(doctor(project, "--offline"), standing) if "prompt" in line]

    assert [line[:33] for line in of_prompts("ok")] == ["System prompts: those of slop_qt;"]
    own = project.home / "config" / "slop-qt" / "prompts" / "tier2.md"
    own.parent.mkdir(parents=True)
    own.write_text("You are mine.")
    assert of_prompts("note") == [f"System prompts of your own: tier 2 from {own}."]
    own.write_text("")
    assert of_prompts("problem") == [f"The prompt {own} is empty."]


def test_with_nothing_set_it_names_each_gap_with_what_to_do_and_exits_3(project: Project) -> None:
    before = {path for path in project.home.rglob("*") if "__pycache__" not in path.parts}
    result = doctor(project, "--offline", PATH="/nowhere")
    assert result.code == 3
    assert result.err == ""
    assert "→ Install it: https://git-scm.com/downloads" in below(result, "The program git was not found.")
    assert "ANTHROPIC_API_KEY" in below(result, "Anthropic (anthropic) at https://api.anthropic.com: no key.")
    assert "This system has no keyring." in below(result, "Keys cannot be kept in a system keyring.")
    assert "--unsandboxed" in below(result, "Commands of agents are not sandboxed: there is no bwrap")
    for tier in (1, 2, 3, 4):
        assert any(line.startswith(f"Tier {tier} ") and "no key" in line for line in lines(result, "problem"))
    assert result.out.endswith("Not ready: each problem above has to be mended first.\n")
    assert {path for path in project.home.rglob("*") if "__pycache__" not in path.parts} == before, "it wrote something"


def test_with_a_key_that_is_taken_every_tier_can_be_asked(project: Project) -> None:
    with LoopbackServer(anthropic) as server:
        result = doctor(project, **with_anthropic(server))
    assert result.code == 0, result.out
    assert lines(result, "problem") == []
    assert any("key from ANTHROPIC_API_KEY. Anthropic takes the key; 4 models." in line for line in lines(result, "ok"))
    assert any("Python 3." in line for line in lines(result, "ok"))
    assert any("PySide6 6." in line for line in lines(result, "ok"))
    assert any("git version 2." in line for line in lines(result, "ok"))
    assert any(re.search(r"Data directory .*GiB free", line) for line in lines(result, "ok"))
    opus = next(line for line in lines(result, "ok") if line.startswith("Tier 1 Orchestrator"))
    assert opus.endswith("anthropic:claude-opus-4-5: context 200,000 tokens, answers up to 64,000, price known.")
    assert result.out.endswith("Every tier can be asked.\n")


def test_a_refused_key_is_a_problem_of_its_tiers(project: Project) -> None:
    with LoopbackServer(refusing) as server:
        result = doctor(project, **with_anthropic(server))
    assert result.code == 3
    assert any("refused the key (401)" in line for line in lines(result, "problem"))
    assert sum(line.startswith("Tier ") for line in lines(result, "problem")) == 4


def test_a_key_that_can_be_none_is_a_problem_without_asking_anybody(project: Project) -> None:
    result = doctor(project, "--offline", ANTHROPIC_API_KEY="two words")
    assert result.code == 3
    assert any("key from ANTHROPIC_API_KEY. The key for Anthropic has" in line for line in lines(result, "problem"))
    assert any(line.startswith("Tier 1 ") and "cannot be asked" in line for line in lines(result, "problem"))
    assert "two words" not in result.out


def test_offline_it_asks_nobody_and_goes_by_the_keys(project: Project) -> None:
    with LoopbackServer(anthropic) as server:
        result = doctor(project, "--offline", **with_anthropic(server))
        assert server.received == []
    assert result.code == 0
    assert any("key from ANTHROPIC_API_KEY, not asked (--offline)." in line for line in lines(result, "ok"))
    assert "Not asked (--offline)." in lines(result, "ok")


def test_a_server_of_the_persons_own_and_options_count(project: Project) -> None:
    def models(_: Received) -> Answer:
        return answered({"object": "list", "data": [{"id": "qwen3", "object": "model", "max_model_len": 32768}]})

    with LoopbackServer(models) as server:
        project.settings(servers={"work": {"base_url": f"{server.base_url}/v1"}})
        result = doctor(project, "--provider", "work", "--model", "qwen3", "--tier", "4=work:other")
        assert all("authorization" not in each.headers or CANARY_KEY not in str(each) for each in server.received)
    assert result.code == 0, result.out
    assert any(
        line.startswith("Tier 3 Worker: work:qwen3: context 32,768 tokens, price unknown")
        for line in lines(result, "ok")
    )
    assert any("no key needed. work answers; 1 model." in line for line in lines(result, "note"))
    assert "It does not list other, which tier 4 asks for." in below(result, "work answers; 1 model.")


def test_the_key_in_the_second_variable_is_named_by_it(project: Project) -> None:
    result = doctor(
        project, "--offline", "--provider", "gemini", "--model", "gemini-2.5-flash", GOOGLE_API_KEY=CANARY_KEY
    )
    assert any("key from GOOGLE_API_KEY" in line for line in lines(result, "ok"))
    assert result.code == 0


def test_the_scripted_provider_needs_no_key(project: Project) -> None:
    scenario = project.scenario(turn(3, finish()))
    assert doctor(project, "--offline", "--scenario", scenario).code == 0
    result = doctor(project, "--offline", "--provider", "scripted")
    assert result.code == 3
    assert "--scenario FILE" in below(result, "The scripted provider has no scenario.")


def test_a_retired_model_is_named_with_its_day(project: Project) -> None:
    result = doctor(project, "--offline", "--tier", "3=anthropic:claude-opus-4-0", ANTHROPIC_API_KEY=CANARY_KEY)
    assert any(line.startswith("Tier 3") and "retired on 2026-06-15" in line for line in lines(result, "note"))
    assert "--tier 3=PROVIDER:MODEL" in below(result, "retired on 2026-06-15")


def test_settings_with_mistakes_are_a_problem_and_the_rest_is_still_told(project: Project) -> None:
    project.settings(limits={"workers": 100})
    result = doctor(project, "--offline", "--provider", "anthropic", ANTHROPIC_API_KEY=CANARY_KEY)
    assert result.code == 3
    assert any("limits.workers" in line for line in lines(result, "problem"))
    assert any(line.startswith("Tier 1 ") for line in lines(result, "ok"))


def test_a_provider_that_is_unknown_is_wrong_usage(project: Project) -> None:
    result = doctor(project, "--provider", "acme", "--model", "m")
    assert (result.code, result.out) == (2, "")
    assert "there is no provider acme" in result.err


def test_a_tier_that_the_settings_give_to_nobody_is_a_problem(project: Project) -> None:
    project.settings(tiers={"2": {"provider": "acme", "model": "m"}})
    result = doctor(project, "--offline", ANTHROPIC_API_KEY=CANARY_KEY)
    assert result.code == 3
    assert "There are: anthropic, " in below(result, "There is no provider acme.")


def test_a_git_that_is_too_old_is_a_problem(project: Project) -> None:
    folder = project.home / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\necho git version 2.30.2\n")
    (folder / "git").chmod(0o755)
    result = doctor(project, "--offline", PATH=str(folder), ANTHROPIC_API_KEY=CANARY_KEY)
    assert result.code == 3
    assert "Install a newer one" in below(result, "git version 2.30.2 is too old: git 2.38 or newer is needed.")


def test_a_data_directory_that_cannot_be_made_is_a_problem(project: Project) -> None:
    result = doctor(project, "--offline", "--data-dir", project.folder / "README.md" / "data")
    assert "--data-dir" in below(result, "README.md/data cannot be made.")


def test_a_display_that_does_not_answer_is_noted_with_what_works_without_it(project: Project) -> None:
    del project.environment["QT_QPA_PLATFORM"]
    project.environment.pop("WAYLAND_DISPLAY", None)
    result = doctor(project, "--offline", DISPLAY=":98765", ANTHROPIC_API_KEY=CANARY_KEY)
    assert any("No window can be opened on :98765" in line for line in lines(result, "note"))
    assert result.code == 0, "without a window it works all the same"


def test_without_a_display_it_says_so(project: Project) -> None:
    del project.environment["QT_QPA_PLATFORM"]
    result = doctor(project, "--offline")
    assert "slop-qt plan, run" in below(result, "There is no display, so no window")


def test_on_a_terminal_without_these_signs_it_uses_plain_ones(project: Project) -> None:
    result = doctor(project, "--offline", PYTHONIOENCODING="ascii")
    assert result.out.isascii()
    assert re.search(r"^  x problem Tier 1", result.out, re.MULTILINE)
    assert re.search(r"^ +-> ", result.out, re.MULTILINE)


def test_a_key_in_an_address_is_not_shown(project: Project) -> None:
    project.settings(servers={"work": {"base_url": f"http://me:{CANARY_KEY}@127.0.0.1:9/v1"}})
    result = doctor(project, "--provider", "work", "--model", "m")
    assert result.code == 3
    assert "Leave that out of the address" in below(result, "http://127.0.0.1:9/v1 with a user or a password before")


def test_ctrl_c_ends_it_at_once(project: Project) -> None:
    with LoopbackServer.saying(Answer([STALL])) as server:
        project.environment.update(with_anthropic(server))
        with project.start("doctor", fresh=True) as application:
            assert server.wait_until_asked(WAIT_S)
            application.interrupt()
            assert application.result(10).code == 130


def test_it_runs_beside_an_instance_that_has_the_project_open(project: Project) -> None:
    with project.start("--automation=" + str(project.socket), ".") as instance, instance.client():
        assert doctor(project, "--offline", ANTHROPIC_API_KEY=CANARY_KEY).code == 0


def test_standard_output_that_nobody_reads_ends_it_with_its_code(project: Project) -> None:
    read, write = os.pipe()
    os.close(read)
    with project.start("doctor", "--offline", stdout=write, fresh=True) as application:
        os.close(write)
        assert application.result().code == 3


async def groups_of(doctor: Doctor) -> dict[str, Group]:
    told: list[Group] = []
    await doctor.examine(told.append)
    return {group.title: group for group in told}


async def test_what_never_answers_is_said_to_be_silent_when_the_time_is_over(tmp_path: Path) -> None:
    for library in ("anthropic", "genai_prices"):
        importlib.import_module(library)  # before the time begins to run
    with LoopbackServer.saying(Answer([STALL])) as server:
        environment = {**with_anthropic(server), "PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "offscreen"}
        options = LaunchOptions(project=tmp_path, settings_path=tmp_path / "s.toml", data_dir=tmp_path)
        doctor = Doctor(options, offline=False, environment=environment, ports=(), deadline_s=3.0)
        async with asyncio.timeout(10):
            groups = await groups_of(doctor)
        assert server.wait_until_left(10)
    silent = next(each for each in groups["Keys and providers"].findings if "(anthropic)" in each.sentence)
    assert silent.standing == "problem"
    assert "No answer in 3 s." in silent.sentence
    assert not groups["Tiers"].healthy


async def test_a_local_server_is_named_with_its_models_and_how_to_use_it(tmp_path: Path) -> None:
    def ollama(request: Received) -> Answer:
        bodies = {"/api/version": {"version": "0.12.0"}, "/api/tags": {"models": [{"name": "qwen3:8b"}]}}
        return answered(bodies[request.path]) if request.path in bodies else answered({}, 404)

    with LoopbackServer(ollama) as server:
        port = int(server.base_url.rpartition(":")[2])
        address = f"{server.base_url}/v1"
        settings = tmp_path / "s.toml"
        settings.write_text(f'[servers.mine]\nbase_url = "{address}"\n')
        options = LaunchOptions(project=tmp_path, settings_path=settings, data_dir=tmp_path)
        groups = await groups_of(Doctor(options, offline=False, environment={}, ports=(port,)))
    [found] = groups["Model servers on this machine"].findings
    assert found == Finding("ok", f"Ollama at {address}: qwen3:8b.", "To use it: --provider mine --model NAME")


def test_words_of_others_do_not_move_the_cursor() -> None:
    group = Group("G", (Finding("note", "a\x1b[2J\nb", "c\rd"),))
    text = "\n".join(lines_of(group, signs_for(None)))
    assert "\x1b" not in text and "\r" not in text
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize("name", ["utf-8", "utf-16"])
def test_signs_are_used_where_the_encoding_has_them(name: str, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding=name) as stream:
        assert signs_for(stream)["ok"] == "✓"
