"""What the commands of the command line share: their common options, and how each comes to its exit code."""

import logging
import math
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["LEVELS", "common", "end_with", "launch_options", "money", "words"]

LEVELS = ("debug", "info", "warning", "error", "critical")
_INTERRUPTED = 130


def words(_context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Words for a model: not blank, and UTF-8, as everything is that is kept or sent."""
    if value is None:
        return None
    if not value.strip():
        raise click.BadParameter("It is blank.", param=option)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise click.BadParameter("It is not UTF-8.", param=option) from None
    return value


def money(_context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """An amount of dollars."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f"{value:g} is not an amount above 0.", param=option)
    return value


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that all commands have."""
    path = click.Path(path_type=Path)
    level = click.Choice(LEVELS, case_sensitive=False)
    for option in reversed(
        [
            click.option("--provider", metavar="NAME", help="The provider of all tiers, such as anthropic."),
            click.option("--model", metavar="NAME", callback=words, help="The model of all tiers."),
            click.option("--tier", "tiers", multiple=True, metavar="N=PROVIDER:MODEL", help="One tier's model."),
            click.option("--scenario", type=path, metavar="FILE", help="What the scripted provider answers."),
            click.option("--data-dir", type=path, metavar="DIR", help="Where journals and worktrees lie."),
            click.option("--automation", metavar="[=SOCKET]", help="Answer on the automation socket."),
            click.option("--automation-scope", type=click.Choice(["observe", "control"]), default="control"),
            click.option("--unsandboxed", is_flag=True, help="Commands may run without an OS sandbox in mode auto."),
            click.option("--log-level", type=level, default="info", metavar="LEVEL", help=f"{', '.join(LEVELS)}."),
        ]
    ):
        command = option(command)
    return command


def launch_options(project: Path, given: dict[str, Any], **more: Any) -> Any:
    """LaunchOptions of what the common options were given; `given` loses its tiers."""
    from slop_qt.launch import LaunchOptions, parse_tier

    tiers = dict(parse_tier(text) for text in given.pop("tiers"))
    return LaunchOptions(project=project.expanduser().absolute(), tiers=tiers, **given, **more)


def end_with(work: Callable[[], int]) -> None:
    """Run a command to its exit code; a failure is a sentence on standard error."""
    from slop_qt.core.errors import SlopError
    from slop_qt.headless.failures import complain, exit_code_for

    logging.getLogger().addHandler(logging.NullHandler())  # what no log file takes is not for the terminal either
    try:
        code = work()
    except SlopError as error:
        complain(error)
        code = exit_code_for(error)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the edge of the program: a person gets a sentence and no traceback
        complain(f"An unexpected {type(error).__name__} ended it: {error}. Please report it, with `--log-level debug`.")
        if click.get_current_context().params.get("log_level") == "debug":
            traceback.print_exc()
        code = 1
    sys.exit(code)
