"""The command line: parses, and hands over to the window or to a run without one."""

import gc
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import click

from slop_qt import __version__
from slop_qt.cli_options import LEVELS, common, end_with, launch_options, money, words

__all__ = ["main"]

_COMMANDS_TO_COME = {
    "resume": "continue what a crash or a close interrupted",
}


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `slop-qt`; ends the process with the exit code.

    The first argument decides: it is a command, or everything is for the window.
    """
    given = [_explicit(argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
    if not given or given[0] not in {*group.commands, "--help", "--version"}:
        given = ["open", *given]
    group.main(args=given, prog_name="slop-qt", standalone_mode=True)


def _explicit(argument: str) -> str:
    """`--automation` takes a value only after `=`: alone, it is the default socket."""
    return "--automation=" if argument == "--automation" else argument


@click.group(help="A desktop cockpit for AI coding in four tiers. `slop-qt [PATH]` opens the window on a project.")
@click.version_option(__version__, prog_name="slop-qt")
def group() -> None:
    """The commands."""


@group.command("open", help="The window on a project (this is what `slop-qt PATH` does).")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@common
def _open(path: Path, **given: Any) -> None:
    def work() -> int:
        gc.disable()  # imports make much and drop nothing: looking for it meanwhile takes a tenth of the start
        try:
            from slop_qt.app import run_window
        finally:
            gc.enable()
        return run_window(launch_options(path, given))

    end_with(work)


@group.command("demo", help="A sample project with a scripted provider: no key, no network.")
@click.option("--headless", is_flag=True, help="Without a window; exits 0 if all ended well.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Keep the project in DIR.")
@common
def _demo(headless: bool, into: Path | None, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless import demo

        bundled = demo.load_demo()
        with ExitStack() as stack:
            folder = stack.enter_context(demo.demo_folder(into))
            options = demo.demo_options(launch_options(folder, given), bundled)
            demo.make_project(folder)
            if options.data_dir is None:
                options = replace(options, data_dir=Path(stack.enter_context(demo.data_folder())))
            if headless:
                return demo.run_without_window(options, bundled)
            from slop_qt.demo_guide import run_demo_window

            return run_demo_window(options, bundled)

    end_with(work)


@group.command("plan", help="Tier 1 and 2 without a window.")
@click.option("--project", type=click.Path(path_type=Path), required=True)
@click.option("--epic", required=True, metavar="TEXT", callback=words)
@common
def _plan(project: Path, epic: str, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless import jobs
        from slop_qt.headless.main import run_headless
        from slop_qt.headless.output import Output

        output = Output(sys.stdout)
        return run_headless(launch_options(project, given), jobs.plan(epic, output.write), output=output)

    end_with(work)


@group.command("run", help="A run without a window.")
@click.option("--project", type=click.Path(path_type=Path), required=True)
@click.option("--track", metavar="ID")
@click.option("--epic", metavar="TEXT", callback=words)
@click.option("--mode", type=click.Choice(["step", "ask", "edits", "auto"]))
@click.option("--workers", type=click.IntRange(1, 64))
@click.option(
    "--budget-usd", type=float, callback=money, metavar="X", help="Send nothing that could take the run above it."
)
@click.option("--budget-tokens", type=click.IntRange(1), metavar="N", help="The same for input and output together.")
@click.option("--apply", "applies", is_flag=True, help="Merge into your branch when a run has ended well.")
@click.option("--json", "as_json", is_flag=True, help="One event a line on standard output.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Keep the answers as a scenario.")
@common
def _run(
    project: Path,
    track: str | None,
    epic: str | None,
    mode: str | None,
    workers: int | None,
    budget_usd: float | None,
    budget_tokens: int | None,
    applies: bool,
    as_json: bool,
    record: Path | None,
    **given: Any,
) -> None:
    if (track is None) == (epic is None):
        raise click.UsageError("Give either --track ID or --epic TEXT.")

    def work() -> int:
        from slop_qt.core.approvals import Mode
        from slop_qt.headless import jobs
        from slop_qt.headless.main import run_headless
        from slop_qt.headless.output import Output
        from slop_qt.launch import require_new_file

        into = record.expanduser().absolute() if record else None
        if into is not None:
            require_new_file(into, "--record")
        options = launch_options(project, given, mode=Mode(mode) if mode else None, workers=workers, record=into)
        what = jobs.RunJob(track=track, epic=epic, budget_usd=budget_usd, budget_tokens=budget_tokens, apply=applies)
        output = Output(sys.stdout)
        job = jobs.run(what, jobs.say_nothing if as_json else output.write)
        return run_headless(options, job, output=output, json=as_json)

    end_with(work)


@group.command("context", help="What a ticket's worker would start with: nothing is run, and no key is needed.")
@click.option("--project", type=click.Path(path_type=Path), required=True)
@click.option("--ticket", required=True, metavar="ID", callback=words)
@click.option("--track", metavar="ID", help="Default: the newest track that has the ticket.")
@click.option("--json", "as_json", is_flag=True, help="The context report as JSON.")
@click.option("--text", "part", metavar="PART", help="The exact text of one part, by its number or label.")
@common
def _context(project: Path, ticket: str, track: str | None, as_json: bool, part: str | None, **given: Any) -> None:
    if as_json and part is not None:
        raise click.UsageError("Give either --json or --text PART.")

    def work() -> int:
        from slop_qt.headless.context import ContextQuestion, run_context

        return run_context(launch_options(project, given), ContextQuestion(ticket, track, as_json=as_json, part=part))

    end_with(work)


@group.command("doctor", help="What is installed, which keys and model servers there are, and what is missing.")
@click.option("--offline", is_flag=True, help="Ask nobody over a network.")
@common
def _doctor(offline: bool, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless.doctor import run_doctor

        return run_doctor(launch_options(Path(), given), offline=offline)

    end_with(work)


@group.group("conductor", help="The project's conductor/ folder.")
def _conductor() -> None:
    """What can be done with the folder."""


@_conductor.command("check", help="Lint a project's conductor/ folder: one finding a line as path:line: what.")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@common
def _check(path: Path, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless.conductor_lint import run_conductor_check

        return run_conductor_check(launch_options(path, given).project)

    end_with(work)


def _speed(_context: click.Context, option: click.Parameter, value: float) -> float:
    if not 0.1 <= value <= 100:  # which NaN is not, either
        raise click.BadParameter(f"{value:g} is not from 0.1 to 100.", param=option)
    return value


@group.command("replay", help="A recorded run in the window: nothing is sent or executed. RUN: its id, or `last`.")
@click.argument("run", default="last", callback=words)
@click.option("--speed", type=float, default=1.0, callback=_speed, metavar="X", help="0.1 to 100 times as fast.")
@click.option("--project", type=click.Path(path_type=Path), default=Path(), help="Whose runs are looked at first.")
@common
def _replay(run: str, speed: float, project: Path, **given: Any) -> None:
    def work() -> int:
        from slop_qt.replay import run_replay

        return run_replay(launch_options(project, given), run, speed)

    end_with(work)


@group.command("ctl", help="One call on the automation socket: METHOD and its parameters as JSON.")
@click.argument("method")
@click.argument("parameters", default="{}", metavar="[JSON]")
@click.option(
    "--socket", type=click.Path(path_type=Path), envvar="SLOP_QT_SOCKET", help="Default: the newest live one."
)
@click.option("--timeout", type=float, default=None, metavar="SECONDS", help="How long to wait for the answer.")
def _ctl(method: str, parameters: str, socket: Path | None, timeout: float | None) -> None:
    def work() -> int:
        from slop_qt.automation.ctl import call_once

        return call_once(method, parameters, socket, timeout)

    end_with(work)


@group.command("mcp", help="The automation methods as an MCP server on standard input and output.")
@click.option(
    "--socket", type=click.Path(path_type=Path), envvar="SLOP_QT_SOCKET", help="Default: the newest live one."
)
@click.option("--automation-scope", "scope", type=click.Choice(["observe", "control"]), default="control")
@click.option("--log-level", type=click.Choice(LEVELS, case_sensitive=False), default="warning")
def _mcp(socket: Path | None, scope: Literal["observe", "control"], log_level: str) -> None:
    def work() -> int:
        from slop_qt.headless.mcp import run_mcp

        return run_mcp(socket, scope, log_level)

    end_with(work)


def _say_not_built(name: str) -> None:
    click.echo(f"slop-qt: {name} is not built yet; CHANGELOG.md says what is.", err=True)
    sys.exit(2)


def _to_come(name: str, summary: str) -> click.Command:
    def say() -> None:
        _say_not_built(name)

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(name, callback=say, help=f"Not built yet: {summary}.", context_settings=settings)


for _name, _summary in _COMMANDS_TO_COME.items():
    group.add_command(_to_come(_name, _summary))
