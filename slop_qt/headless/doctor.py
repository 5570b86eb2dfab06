"""`slop-qt doctor`: what is installed, which keys and model servers there are, what is missing and how to get it.

It needs no project, no window, no key and no network; it takes no lock and writes nothing.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from slop_qt import __version__
from slop_qt.core.errors import ConfigurationError, SlopError, UsageError
from slop_qt.core.settings import ModelChoice, Settings
from slop_qt.headless import machine, model_findings
from slop_qt.headless.failures import CANNOT_START
from slop_qt.headless.findings import Finding, Group, ending, lines_of, signs_for
from slop_qt.headless.helpers import HelperThreads
from slop_qt.headless.output import Output, make_writable
from slop_qt.headless.prices import known_prices
from slop_qt.launch import LaunchOptions, settings_for
from slop_qt.mma.model_desk import LOCAL_PORTS, ModelDesk
from slop_qt.mma.settings_shapes import ProviderTried, SettingsShown, TryProvider
from slop_qt.providers.registry import SCRIPTED
from slop_qt.store.keys import KeyStore
from slop_qt.store.preferences import Preferences

__all__ = ["Doctor", "run_doctor"]

T = TypeVar("T")

# What has not answered by then, counted from the first question, is said to be silent. A server has 15 s of its own to
# answer in; the rest is for importing three SDKs on a machine that is busy with other things.
DEADLINE_S = 60.0
_THREADS_S = 0.5
_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of one question: an answer, or why there is none."""

    answer: Any = None
    failure: SlopError | None = None


def run_doctor(options: LaunchOptions, *, offline: bool) -> int:
    """Look at everything and say it on standard output. Returns 0 where every tier can be asked, else 3.

    Raises:
        UsageError: there is no such provider as the options name.
    """
    make_writable()
    output, signs = Output(sys.stdout), signs_for(sys.stdout)
    doctor = Doctor(options, offline=offline, environment=os.environ)
    output.write([f"slop_qt {__version__}", ""])
    before = set(threading.enumerate())
    groups: list[Group] = []

    def tell(group: Group) -> None:
        output.write(doctor.redact(line) for line in lines_of(group, signs))
        groups.append(group)

    try:
        asyncio.run(doctor.examine(tell))
    except KeyboardInterrupt:
        _leave_threads(before, _INTERRUPTED)
        raise
    healthy = all(group.healthy for group in groups)
    output.write([ending(healthy)])
    code = 0 if healthy else CANNOT_START
    _leave_threads(before, code)
    return code


class Doctor:
    """Asks everybody at the same time, and tells group by group. For one loop, once.

    ports are where local servers are looked for; deadline_s is when whoever has not answered is said to be silent.
    """

    def __init__(
        self,
        options: LaunchOptions,
        *,
        offline: bool,
        environment: Mapping[str, str],
        ports: Sequence[int] = LOCAL_PORTS,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._options = options
        self._offline = offline
        self._environment = environment
        self._settings, self._mistake = _settings(options)
        self._keys = KeyStore(environment)
        self._threads = HelperThreads()
        self._desk = ModelDesk(
            preferences=Preferences(options.settings_path, self._settings),
            keys=self._keys,
            offload=self._threads,
            environment=environment,
            ports=ports,
        )
        self._deadline_s = deadline_s
        self._end = 0.0

    def redact(self, text: str) -> str:
        """The text without any key that was met."""
        return self._keys.secrets.redact(text)

    async def examine(self, tell: Callable[[Group], None]) -> None:
        """Tell the groups, each as soon as it and those before it are known."""
        self._end = asyncio.get_running_loop().time() + self._deadline_s
        async with asyncio.TaskGroup() as tasks:
            programs = tasks.create_task(self._programs())
            shown = tasks.create_task(self._within(self._desk.show()))
            backend = tasks.create_task(self._within(self._threads.run(_keyring_name)))
            local = tasks.create_task(self._local())
            prices = tasks.create_task(self._prices())
            tell(await programs)
            settings = await shown
            if settings.failure is not None:
                failed = Finding("problem", settings.failure.message, settings.failure.hint)
                tell(Group("Keys and providers", (failed,)))
            else:
                tried = await self._try_all(settings.answer)
                keyring = model_findings.keyring(str((await backend).answer or "unnamed"), settings.answer.no_keyring)
                tell(Group("Keys and providers", (keyring, *self._providers(settings.answer, tried))))
                tell(Group("Tiers", self._tiers(settings.answer, tried, await prices)))
            tell(Group("Model servers on this machine", await local))

    async def _programs(self) -> Group:
        run, environment = self._threads.run, self._environment
        looks = (
            run(lambda: (machine.python(),)),
            run(lambda: machine.qt(environment)),
            run(lambda: (machine.git(self._options.project),)),
            run(lambda: (machine.sandbox(environment),)),
            run(lambda: (machine.data_folder(self._options.data_folder),)),
            run(lambda: (machine.settings_file(self._options.settings_path, self._mistake),)),
            run(lambda: (machine.prompts(self._options.prompts_folder),)),
        )
        asked = await asyncio.gather(*(self._within(look) for look in looks))
        findings: list[Finding] = []
        for each in asked:
            if each.failure is not None:
                findings.append(Finding("problem", each.failure.message, each.failure.hint))
            else:
                findings += each.answer
        return Group("This machine", tuple(findings))

    async def _local(self) -> tuple[Finding, ...]:
        if self._offline:
            return model_findings.local_servers(None)
        asked = await self._within(self._desk.find_local())
        if asked.failure is not None:
            return (Finding("note", asked.failure.message, asked.failure.hint),)
        return model_findings.local_servers(asked.answer)

    async def _prices(self) -> Mapping[ModelChoice, bool]:
        choices = tuple(self._settings.tiers.values())
        asked = await self._within(
            self._threads.run(lambda: known_prices(choices, self._environment, self._settings.servers))
        )
        return asked.answer or {}

    async def _try_all(self, shown: SettingsShown) -> dict[str, ProviderTried]:
        """Every provider that can be asked, by name."""
        # The table of models has to be read though nobody is asked.
        await self._within(self._threads.run(self._desk.catalog.load))
        names = [each.name for each in shown.providers if each.key != "missing"]
        answers = await asyncio.gather(*(self._within(self._try(name)) for name in names))
        tried = {}
        for name, answer in zip(names, answers, strict=True):
            if answer.failure is not None:
                tried[name] = ProviderTried(ok=False, message=answer.failure.message, hint=answer.failure.hint)
            elif answer.answer is not None:
                tried[name] = answer.answer
        return tried

    async def _try(self, name: str) -> ProviderTried | None:
        """What came of asking it; None where it could be asked and must not be."""
        if not self._offline or name == SCRIPTED:
            return await self._desk.try_provider(TryProvider(provider=name))
        await self._desk.require(name)
        return None

    def _providers(self, shown: SettingsShown, tried: Mapping[str, ProviderTried]) -> list[Finding]:
        used = {choice.provider for choice in shown.tiers.values()}
        return [model_findings.provider(each, tried.get(each.name), used=each.name in used) for each in shown.providers]

    def _tiers(
        self, shown: SettingsShown, tried: Mapping[str, ProviderTried], prices: Mapping[ModelChoice, bool]
    ) -> tuple[Finding, ...]:
        statuses = {each.name: each for each in shown.providers}
        return tuple(
            model_findings.tier(
                number,
                choice,
                model_findings.obstacle(choice, statuses, tried.get(choice.provider)),
                self._desk.catalog.about(choice.provider, choice.model),
                priced=prices.get(choice),
            )
            for number, choice in sorted(shown.tiers.items())
        )

    async def _within(self, question: Coroutine[Any, Any, T]) -> _Asked:
        """Its answer, if that comes in time."""
        try:
            async with asyncio.timeout_at(self._end):
                return _Asked(await question)
        except TimeoutError:
            return _Asked(
                failure=ConfigurationError(
                    f"No answer in {self._deadline_s:g} s.", "Look at the network and at the address, then try again."
                )
            )
        except SlopError as error:
            return _Asked(failure=error)
        except Exception as error:  # noqa: BLE001  # one question that goes wrong must not silence all the others
            what = f"An unexpected {type(error).__name__} came instead of an answer."
            return _Asked(failure=SlopError(what, "Please report it."))


def _settings(options: LaunchOptions) -> tuple[Settings, SlopError | None]:
    """What is in force, or the defaults where the file has a mistake, and that mistake."""
    try:
        return settings_for(options), None
    except ConfigurationError as error:
        without_file = replace(options, settings_path=options.settings_path / "none")
        try:
            return settings_for(without_file), error
        except UsageError:  # it names a server of that file
            return Settings(), error


def _keyring_name() -> str:
    import keyring

    return str(keyring.get_keyring().name)


def _leave_threads(before: set[threading.Thread], code: int) -> None:
    """End the process here where something has not answered: the interpreter would wait for some of these threads for
    ever, and tear down beneath the others what they are at.
    """
    end = time.monotonic() + _THREADS_S
    others = [thread for thread in threading.enumerate() if thread not in before]
    for thread in others:
        thread.join(max(0.0, end - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        sys.stdout.flush()
        os._exit(code)
