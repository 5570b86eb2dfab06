"""What the window's start-up imports: everybody who opens it waits for all of that."""

import json
import subprocess
import sys
from pathlib import Path

# The third-party packages that a window and a socket need. Whoever adds one looks at `make bench` first; what an agent,
# a log line or a changed setting needs is imported where it is first needed.
MAY_BE_IMPORTED = {
    "PySide6",
    "annotated_types",
    "click",
    "orjson",
    "platformdirs",
    "pydantic",
    "pydantic_core",
    "qasync",
    "shiboken6",
    "shibokensupport",
    "signature_bootstrap",  # shiboken's
    "slop_qt",
    "typing_extensions",
    "typing_inspection",
}

OPEN_AND_QUIT = """
import json, linecache, sys
before = set(sys.modules)
from slop_qt import app, cli
from slop_qt.mma import commands, shapes

async def opened(engine, window):
    print(json.dumps([sorted(set(sys.modules) - before), sorted(linecache.cache)]))
    await engine.registry.call(commands.APP_QUIT, shapes.Nothing())

run_window = app.run_window
app.run_window = lambda options: run_window(options, opened)
cli.main(sys.argv[1:])
"""


def after_start(folder: Path) -> tuple[set[str], list[str]]:
    """The modules that were imported, and the files whose source was read."""
    project = folder / "project"
    project.mkdir()
    (project / "README.md").write_text("# Project\n")
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Begin")):
        subprocess.run(["git", *identity, *command], cwd=project, check=True)
    arguments = [str(project), f"--automation={folder / 'socket'}", "--data-dir", str(folder / "data")]
    process = subprocess.run(
        [sys.executable, "-c", OPEN_AND_QUIT, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert process.returncode == 0, process.stderr
    modules, read = json.loads(process.stdout)
    return set(modules), read


def test_the_window_starts_without_what_only_agents_and_logs_need(tmp_path: Path) -> None:
    modules, read = after_start(tmp_path)
    packages = {module.partition(".")[0] for module in modules if not module.startswith("_")}
    assert "slop_qt.window" in modules
    assert len(read) < 10, "PySide's own import is at work: it reads the source of everything"
    assert packages - sys.stdlib_module_names <= MAY_BE_IMPORTED
    later = (
        "slop_qt.views.tokens.",
        "slop_qt.views.diff_panel",
        "slop_qt.views.activity_panel",
        "slop_qt.views.settings",
    )
    assert not [name for name in modules if name.startswith((*later, "slop_qt.views.plan.panel"))]
    ours = {name for name in modules if name.startswith(("slop_qt.providers.", "slop_qt.headless."))}
    assert ours <= {
        "slop_qt.providers.backoff",
        "slop_qt.providers.catalog",
        "slop_qt.providers.endpoint",
        "slop_qt.providers.http_failures",
        "slop_qt.providers.model_table",
        "slop_qt.providers.price_list",
        "slop_qt.providers.pricing",
        "slop_qt.providers.registry",
        "slop_qt.providers.request_meter",
        "slop_qt.providers.retry",
        "slop_qt.providers.servers",
        "slop_qt.providers.token_bounds",
        "slop_qt.providers.token_counter",
        "slop_qt.providers.token_estimate",
        "slop_qt.providers.token_features",
        "slop_qt.headless.failures",
        "slop_qt.headless.words",
    }
