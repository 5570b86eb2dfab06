"""Answers to what the context dialog asks: a ticket's first request, composed from a folder's real files."""

from collections.abc import Coroutine, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

from window_support import Stage

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.context import CacheReport, ContextPart, ContextReport, PartKind
from slop_qt.core.context_choices import FileChoice
from slop_qt.core.errors import InvalidInputError, SlopError
from slop_qt.mma import commands
from slop_qt.mma.shapes import Nothing
from slop_qt.mma.spend_shapes import ChooseContext, ContextPreviewed, PreviewContext
from slop_qt.qt.window_context import WindowContext
from slop_qt.tools.outline import outline_of

__all__ = ["TRACK", "ContextBackend"]

TRACK = "pocketbook_20260101"
_KINDS: dict[str, PartKind] = {"full": "file", "outline": "outline", "range": "range"}


class _Turn:
    """Awaited, it lets everybody else go on first."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class ContextBackend:
    """Handlers of context.preview and context.choose, registered on a stage, over the files of a folder.

    The ticket declares `declared`. While `held`, previews wait until `release`. failure is raised by whatever is asked
    next.
    """

    def __init__(self, stage: Stage, folder: Path, declared: tuple[str, ...]) -> None:
        self.folder = folder
        self.declared = declared
        self.chosen: tuple[FileChoice, ...] = ()
        self.project: tuple[FileChoice, ...] = ()
        self.previews: list[PreviewContext] = []
        self.saves: list[ChooseContext] = []
        self.held = False
        self.failure: SlopError | None = None
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self.context: WindowContext = replace(stage.context, start=self._start)
        stage.desk.registry.register(commands.CONTEXT_PREVIEW, self._preview)
        stage.desk.registry.register(commands.CONTEXT_CHOOSE, self._choose)

    def release(self) -> None:
        """Answer what waits."""
        self.held = False
        waiting, self._waiting = self._waiting, []
        for coroutine in waiting:
            self._start(coroutine)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            coroutine.send(None)
        except StopIteration:
            return
        self._waiting.append(coroutine)

    async def _preview(self, params: PreviewContext, _: DecidedBy) -> ContextPreviewed:
        self.previews.append(params)
        if self.held:
            await _Turn()
        self._fail()
        chosen = self.chosen if params.chosen is None else params.chosen
        project = self.project if params.project is None else params.project
        choices = {choice.path: choice for choice in (*project, *chosen)}
        wanted = [FileChoice(path=path) for path in self.declared if path not in choices]
        wanted += [each for each in choices.values() if each.pinned or each.path in self.declared]
        parts = [("system", "System prompt", "It says what a worker is.", "You are a worker.\n" * 40)]
        parts.append(("ticket", params.ticket_id, "It is what the worker is to do.", "Ticket: the total of a month.\n"))
        for choice in wanted:
            if choice.form != "excluded":
                reason = "You pinned it." if choice.pinned else "The ticket declares it."
                parts.append((_KINDS[choice.form], choice.path, reason, self._text(choice)))
        return ContextPreviewed(
            report=ContextReport(
                model="script-1",
                limit_tokens=200_000,
                used_tokens=sum(len(text) // 4 for *_, text in parts),
                measured="estimate",
                parts=tuple(
                    ContextPart(kind=kind, label=label, tokens=len(text) // 4, cached=False)  # type: ignore[arg-type]
                    for kind, label, _, text in parts
                ),
                cache=CacheReport(state="unknown"),
            ),
            reasons=tuple(reason for _, _, reason, _ in parts),
            texts=tuple(text for *_, text in parts),
            chosen=chosen,
            project=project,
            files=self._files(),
        )

    async def _choose(self, params: ChooseContext, _: DecidedBy) -> Nothing:
        self.saves.append(params)
        self._fail()
        if params.ticket_id is None:
            self.project = params.choices
        else:
            self.chosen = params.choices
        return Nothing()

    def _files(self) -> tuple[str, ...]:
        return tuple(sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()))

    def _text(self, choice: FileChoice) -> str:
        try:
            text = (self.folder / choice.path).read_text()
        except FileNotFoundError:
            raise InvalidInputError(f"There is no {choice.path}.", "Name a file of the project.") from None
        if choice.form == "outline":
            return outline_of(choice.path, text) or text
        if choice.form == "range":
            return "".join(text.splitlines(keepends=True)[(choice.start_line or 1) - 1 : choice.end_line])
        return text

    def _fail(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
