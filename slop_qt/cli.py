"""The command line: parses, and hands over to the window or to a run without one."""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from slop_qt import __version__

__all__ = ["main"]

_COMMANDS_TO_COME = {
    "resume": "continue what a crash or a close interrupted",
    "replay": "play a recorded run back",
    "mcp": "the automation methods as an MCP server",
    "doctor": "what is installed and what is missing",
    "conductor": "lint a conductor/ folder",
}


def main(arguments: list[str] | None = None) -> None:
    """Entry point of `slop-qt`; ends the process with the exit code."""
    given = [_explicit(argument) for argument in (sys.argv[1:] if arguments is None else arguments)]
    if not any(argument in group.commands for argument in given) and "--help" not in given and "--version" not in given:
        given = ["open", *given]
    group.main(args=given, prog_name="slop-qt", standalone_mode=True)


def _explicit(argument: str) -> str:
    """`--automation` takes a value only after `=`: alone, it is the default socket."""
    return "--automation=" if argument == "--automation" else argument


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that all commands have."""
    folder = click.Path(path_type=Path)
    for option in reversed(
        [
            click.option("--provider", metavar="NAME", help="The provider of all tiers: anthropic or scripted."),
            click.option("--model", metavar="NAME", help="The model of all tiers."),
            click.option("--tier", "tiers", multiple=True, metavar="N=PROVIDER:MODEL", help="One tier's model."),
            click.option("--scenario", type=folder, metavar="FILE", help="What the scripted provider answers."),
            click.option("--data-dir", type=folder, metavar="DIR", help="Where journals and worktrees lie."),
            click.option("--automation", metavar="[=SOCKET]", help="Answer on the automation socket."),
            click.option("--automation-scope", type=click.Choice(["observe", "control"]), default="control"),
            click.option("--unsandboxed", is_flag=True, help="Commands may run without an OS sandbox in mode auto."),
            click.option("--log-level", default="info", metavar="LEVEL", help="debug, info, warning, error."),
        ]
    ):
        command = option(command)
    return command


def _options(project: Path, given: dict[str, Any], **more: Any) -> Any:
    from slop_qt.launch import LaunchOptions, parse_tier

    tiers = dict(parse_tier(text) for text in given.pop("tiers"))
    return LaunchOptions(project=project.expanduser().absolute(), tiers=tiers, **given, **more)


def _ended(work: Callable[[], int]) -> None:
    """Run a command to its exit code; a failure is a sentence on standard error."""
    from slop_qt.core.errors import SlopError
    from slop_qt.headless.main import exit_code_for

    try:
        code = work()
    except SlopError as error:
        click.echo(f"slop-qt: {error}", err=True)
        code = exit_code_for(error)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


@click.group(help="A desktop cockpit for AI coding in four tiers. `slop-qt [PATH]` opens the window on a project.")
@click.version_option(__version__, prog_name="slop-qt")
def group() -> None:
    """The commands."""


@group.command("open", help="The window on a project (this is what `slop-qt PATH` does).")
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@_common
def _open(path: Path, **given: Any) -> None:
    def work() -> int:
        from slop_qt.app import run_window

        return run_window(_options(path, given))

    _ended(work)


@group.command("demo", help="A sample project with a scripted provider: no key, no network.")
@click.option("--headless", is_flag=True, help="Without a window; exits 0 if all ended well.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Keep the project in DIR.")
@_common
def _demo(headless: bool, into: Path | None, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless import demo

        bundled = demo.load_demo()
        with ExitStack() as stack:
            folder = stack.enter_context(demo.demo_folder(into))
            demo.make_project(folder)
            options = _options(folder, given)
            if options.data_dir is None:
                options = replace(options, data_dir=Path(stack.enter_context(demo.data_folder())))
            options = demo.demo_options(options, bundled)
            if headless:
                return demo.run_without_window(options, bundled)
            from slop_qt.demo_guide import run_demo_window

            return run_demo_window(options, bundled)

    _ended(work)


@group.command("plan", help="Tier 1 and 2 without a window.")
@click.option("--project", type=click.Path(path_type=Path), required=True)
@click.option("--epic", required=True, metavar="TEXT")
@_common
def _plan(project: Path, epic: str, **given: Any) -> None:
    def work() -> int:
        from slop_qt.headless.main import plan, run_headless

        return run_headless(_options(project, given), plan(epic))

    _ended(work)


@group.command("run", help="A run without a window.")
@click.option("--project", type=click.Path(path_type=Path), required=True)
@click.option("--track", metavar="ID")
@click.option("--epic", metavar="TEXT")
@click.option("--mode", type=click.Choice(["step", "ask", "edits", "auto"]))
@click.option("--workers", type=click.IntRange(1, 64))
@click.option("--budget-usd", type=click.FloatRange(min=0, min_open=True))
@click.option("--apply", "applies", is_flag=True, help="Merge into your branch when a run has ended well.")
@click.option("--json", "as_json", is_flag=True, help="One event a line on standard output.")
@click.option("--record", metavar="FILE", hidden=True)
@_common
def _run(
    project: Path,
    track: str | None,
    epic: str | None,
    mode: str | None,
    workers: int | None,
    budget_usd: float | None,
    applies: bool,
    as_json: bool,
    record: str | None,
    **given: Any,
) -> None:
    if (track is None) == (epic is None):
        raise click.UsageError("Give either --track ID or --epic TEXT.")
    if record is not None:
        _say_not_built("run --record")

    def work() -> int:
        from slop_qt.core.approvals import Mode
        from slop_qt.headless.main import RunJob, run, run_headless

        options = _options(project, given, mode=Mode(mode) if mode else None, workers=workers)
        what = RunJob(track=track, epic=epic, budget_usd=budget_usd, apply=applies, json=as_json)
        return run_headless(options, run(what), json=as_json)

    _ended(work)


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

    _ended(work)


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
