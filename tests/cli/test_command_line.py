"""What the command line takes, and what it says of what it does not take: before anything is opened."""

import pytest

from slop_qt import __version__
from slop_qt.cli import main
from slop_qt.core.settings import ModelChoice
from slop_qt.launch import LaunchOptions, parse_tier, settings_for


@pytest.fixture
def say(monkeypatch, tmp_path, capsys):
    """Runs `slop-qt` in this process: (exit code, standard output, standard error)."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def say_(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    return say_


def options(tmp_path, **fields):
    return LaunchOptions(project=tmp_path, settings_path=tmp_path / "settings.toml", **fields)


def test_version_and_help_exit_0(say):
    assert say("--version") == (0, f"slop-qt, version {__version__}\n", "")
    code, out, _ = say("--help")
    assert code == 0
    assert "demo" in out and "ctl" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("resume", "--project", "."),
    ],
)
def test_a_command_that_is_not_built_exits_2_and_says_so(say, arguments):
    code, out, err = say(*arguments)
    assert (code, out) == (2, "")
    assert "is not built yet" in err and arguments[0] in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--project", "."), "Give either --track ID or --epic TEXT."),
        (("run", "--project", ".", "--track", "a", "--epic", "b"), "Give either --track ID or --epic TEXT."),
        (("run", "--epic", "b"), "--project"),
        (("plan", "--project", "."), "--epic"),
        (("run", "--project", ".", "--epic", "  "), "It is blank."),
        (("plan", "--project", ".", "--epic", ""), "It is blank."),
        (("plan", "--project", ".", "--epic", "\udcff"), "It is not UTF-8."),
        (("run", "--project", ".", "--track", "a", "--mode", "reckless"), "reckless"),
        (("run", "--project", ".", "--track", "a", "--workers", "0"), "1<=x<=64"),
        (("run", "--project", ".", "--track", "a", "--workers", "65"), "1<=x<=64"),
        (("run", "--project", ".", "--track", "a", "--budget-usd", "0"), "0 is not an amount above 0."),
        (("run", "--project", ".", "--track", "a", "--budget-usd", "nan"), "nan is not an amount above 0."),
        (("run", "--project", ".", "--track", "a", "--budget-tokens", "0"), "x>=1"),
        (("run", "--project", ".", "--track", "a", "--log-level", "loud"), "loud"),
        (("run", "--project", ".", "--track", "a", "--automation-scope", "all"), "all"),
        (("run", "--project", ".", "--track", "a", "--no-such-option"), "--no-such-option"),
        (("run", "--project", ".", "--track", "a", "--automation", "/a/path"), "/a/path"),
        (("ctl",), "METHOD"),
        (("ctl", "app.info", "[1]"), "not a JSON object"),
        (("ctl", "app.info", "{"), "not JSON"),
        (("a", "b"), "b"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(say, arguments, words):
    code, out, err = say(*arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("there.toml", "it is there already"),
        ("dangling.toml", "it is there already"),
        (".", "it is there already"),
        ("no/such/folder.toml", "could not be written"),
        ("long" * 60 + ".toml", "could not be written"),
        ("there.toml/file.toml", "could not be written"),
    ],
)
def test_a_recording_never_replaces_anything_and_exits_2_before_anything_is_opened(say, tmp_path, name, words):
    (tmp_path / "there.toml").write_text("kept")
    (tmp_path / "dangling.toml").symlink_to("nowhere")
    into = tmp_path / name
    code, out, err = say("run", "--project", str(tmp_path / "no project"), "--epic", "Do it", "--record", str(into))
    assert (code, out) == (2, "")
    assert "--record" in err and str(into) in err and words in err
    assert (tmp_path / "there.toml").read_text() == "kept"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--provider", "acme", "--model", "m"), "--provider acme: there is no provider acme. There are: anthropic, "),
        (("--provider", "scripted", "--tier", "3=anthropic"), "is not of the form N=PROVIDER:MODEL"),
        (("--tier", "5=anthropic:m"), "is not of the form N=PROVIDER:MODEL"),
        (("--tier", "x"), "is not of the form N=PROVIDER:MODEL"),
        (("--tier", "3=acme:m"), "--tier 3=acme:m: there is no provider acme"),
    ],
)
def test_a_model_that_cannot_be_asked_exits_2_with_a_sentence(say, tmp_path, arguments, words):
    code, _, err = say("run", "--project", str(tmp_path), "--track", "a", *arguments)
    assert code == 2
    assert words in err


@pytest.mark.parametrize("arguments", [("--provider", "anthropic"), ("--model", "m"), ("--tier", "3=anthropic:m")])
def test_the_demo_refuses_other_models_than_its_own(say, tmp_path, arguments):
    code, _, err = say("demo", "--headless", "--into", str(tmp_path / "new"), *arguments)
    assert code == 2
    assert "The demo's answers are scripted" in err
    assert not (tmp_path / "new").exists()


def test_the_demo_wants_an_empty_folder(say, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    code, _, err = say("demo", "--headless", "--into", str(tmp_path))
    assert code == 2
    assert f"{tmp_path} is not an empty folder." in err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_mistakes_in_the_settings_exit_3_with_their_names(say, tmp_path):
    settings = tmp_path / "slop-qt" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("[limits]\nworkers = 100\n")
    code, _, err = say("run", "--project", str(tmp_path), "--track", "a")
    assert code == 3
    assert str(settings) in err and "limits.workers" in err


def test_ctl_without_an_application_exits_3_and_says_how_to_start_one(say, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    code, _, err = say("ctl", "app.info")
    assert code == 3
    assert "Start slop-qt with --automation" in err


@pytest.mark.parametrize(
    ("given", "window"),
    [
        ([], {"path": ".", "automation": None}),
        (["demo/"], {"path": "demo"}),
        (["here", "--automation"], {"path": "here", "automation": ""}),
        (["--automation", "here"], {"path": "here", "automation": ""}),
        (["--automation=/run/s", "here"], {"path": "here", "automation": "/run/s"}),
        (["here", "--model", "plan"], {"path": "here", "model": "plan"}),
        (["--tier", "1=scripted:a:b", "--tier", "2=scripted:c"], {"tiers": ("1=scripted:a:b", "2=scripted:c")}),
    ],
)
def test_what_begins_with_no_command_is_for_the_window(monkeypatch, given, window):
    taken = {}
    monkeypatch.setattr("slop_qt.cli.group.commands", _with_open(taken))
    with pytest.raises(SystemExit):
        main(given)
    assert {name: str(taken[name]) if name == "path" else taken[name] for name in window} == window


def _with_open(taken):
    from slop_qt.cli import group

    window = group.commands["open"]
    listening = type(window)("open", params=window.params, callback=lambda **given: taken.update(given))
    return {**group.commands, "open": listening}


def test_provider_alone_keeps_the_models_of_that_provider(tmp_path):
    assert settings_for(options(tmp_path, provider="anthropic")) == settings_for(options(tmp_path))


def test_model_alone_changes_the_models_of_all_tiers(tmp_path):
    settings = settings_for(options(tmp_path, model="local"))
    assert settings.tiers == dict.fromkeys((1, 2, 3, 4), ModelChoice(provider="anthropic", model="local"))


def test_a_tier_of_its_own_wins_over_provider_and_model(tmp_path):
    choice = ModelChoice(provider="anthropic", model="strong")
    settings = settings_for(options(tmp_path, provider="scripted", tiers={1: choice}))
    assert settings.tiers[1] == choice
    assert {settings.tiers[tier].provider for tier in (2, 3, 4)} == {"scripted"}


def test_a_scenario_alone_means_the_scripted_provider(tmp_path):
    settings = settings_for(options(tmp_path, scenario=tmp_path / "s.toml"))
    assert {choice.provider for choice in settings.tiers.values()} == {"scripted"}
    assert settings.scenario == str(tmp_path / "s.toml")


def test_another_provider_without_a_model_is_refused(tmp_path):
    (tmp_path / "settings.toml").write_text('[tiers.3]\nprovider = "scripted"\nmodel = "scripted"\n')
    from slop_qt.core.errors import UsageError

    with pytest.raises(UsageError, match="--provider anthropic needs a model too: tier 3 has none of it"):
        settings_for(options(tmp_path, provider="anthropic"))


def test_presets_and_servers_of_the_settings_are_providers_like_the_others(tmp_path):
    (tmp_path / "settings.toml").write_text('[servers.box]\nbase_url = "http://10.0.0.5/v1"\n')
    tier = parse_tier("3=deepseek:deepseek-chat")
    settings = settings_for(options(tmp_path, provider="ollama", model="qwen3:8b", tiers=dict([tier])))
    local = ModelChoice(provider="ollama", model="qwen3:8b")
    assert settings.tiers == dict.fromkeys((1, 2, 4), local) | {
        3: ModelChoice(provider="deepseek", model="deepseek-chat")
    }
    assert settings_for(options(tmp_path, provider="box", model="m")).tiers[1] == ModelChoice(provider="box", model="m")


def test_a_provider_that_is_not_there_is_named_beside_ones_own_servers(say, tmp_path):
    settings = tmp_path / "slop-qt" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text('[servers.box]\nbase_url = "http://10.0.0.5/v1"\n')
    code, _, err = say("run", "--project", str(tmp_path), "--track", "a", "--tier", "3=bax:m")
    assert code == 2
    assert "--tier 3=bax:m: there is no provider bax." in err
    assert "There are: anthropic, gemini, openai, deepseek, ollama, lmstudio, llamacpp, vllm, scripted, box." in err
