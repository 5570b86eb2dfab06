"""run_command with real commands."""

import pytest

from slop_qt.core.approvals import ApprovalKind, CommandPayload
from slop_qt.core.errors import InvalidInputError, ToolError
from slop_qt.core.ports import CommandResult
from slop_qt.tools.shell import RunCommand, RunCommandArguments, describe_result


async def run(context, command, **more):
    return await RunCommand().perform(RunCommandArguments(command=command, **more), context)


async def test_a_line_runs_in_the_root_by_the_shell(context, root):
    (root / "f").write_text("here\n")
    output = await run(context, "cat f && echo err >&2")
    assert output.text == "[exit code 0]\nhere\nerr\n"


async def test_a_list_runs_as_it_is(context):
    assert (await run(context, ("printf", "%s|", "a b", "$HOME; ls"))).text == "[exit code 0]\na b|$HOME; ls|"


async def test_a_failure_is_an_answer_and_not_a_mistake(context):
    output = await run(context, "exit 3")
    assert (output.text, output.ok) == ("[exit code 3, no output]", True)
    assert (await run(context, "no-such-program-here")).text.startswith("[exit code 127]")
    assert (await run(context, "kill -9 $$")).text == "[ended by signal 9, no output]"


async def test_a_program_that_is_not_there_is_told(context):
    with pytest.raises(ToolError, match="no-such-program-here"):
        await run(context, ("no-such-program-here",))


async def test_time_is_what_was_asked_for_and_at_most_the_limit(context):
    output = await run(context, "echo begun; exec cat /dev/zero > /dev/null", timeout_s=0.3)
    assert output.text.startswith("[killed after 0.")
    assert output.text.endswith("\nbegun\n")


async def test_what_was_not_kept_is_said(context):
    output = await run(context, "head -c 100000 /dev/zero | tr '\\0' x")
    assert "95,904 bytes of output not kept" in output.text.splitlines()[0]
    assert len(output.text) < 5000


def test_a_model_is_told_no_more_than_it_can_take():
    text = describe_result(CommandResult(0, "a" * 500_000 + "z" * 500_000, 0, False, 1.0))
    assert len(text) < 41_000
    assert "960,000 more characters" in text
    assert text.endswith("zzz")


async def test_the_effect_is_the_exact_command(context):
    effect = await RunCommand().effect(RunCommandArguments(command=("rm", "-rf", "a b")), context)
    assert effect.kind is ApprovalKind.COMMAND
    assert effect.payload == CommandPayload(command=("rm", "-rf", "a b"), cwd=".")
    assert effect.subject == "rm -rf 'a b'"
    effect = await RunCommand().effect(RunCommandArguments(command="ls\nrm x"), context)
    assert (effect.subject, effect.title) == ("ls\nrm x", "Run ls …")


def test_the_person_may_change_the_command():
    tool = RunCommand()
    arguments = RunCommandArguments(command="rm -rf /", timeout_s=5)
    assert tool.edited(arguments, {"command": "ls"}) == RunCommandArguments(command="ls", timeout_s=5)
    for wrong in ({"command": ""}, {"command": 5}, {"cmd": "ls"}):
        with pytest.raises(InvalidInputError):
            tool.edited(arguments, wrong)
