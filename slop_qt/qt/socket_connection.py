"""One client of the automation socket: who it is, what it asks for, and what it is told."""

import asyncio
import hmac
import json
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic_core import PydanticSerializationError
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtNetwork import QLocalSocket

from slop_qt.automation.protocol import (
    MAX_REQUEST_BYTES,
    ErrorCode,
    NotAuthorisedError,
    ProtocolError,
    Request,
    RequestId,
    encode_error,
    encode_result,
    parse_request,
)
from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import NotPossibleError, SlopError
from slop_qt.core.shape import Shape
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.commands import ALL_COMMANDS, APP_INFO, APP_QUIT, PROJECT_OPEN
from slop_qt.mma.shapes import AppInfo, Nothing
from slop_qt.qt.committed_feed import CommittedFeed, Subscription
from slop_qt.qt.lanes import OnFault, describe_error
from slop_qt.qt.line_channel import LineChannel
from slop_qt.qt.socket_commands import APP_HELLO, EVENTS_SUBSCRIBE, EVENTS_UNSUBSCRIBE, Hello, Subscribe, Subscribed

__all__ = ["Door", "Scope", "SocketConnection"]

Scope = Literal["observe", "control"]


_ALWAYS = frozenset({APP_QUIT.name, PROJECT_OPEN.name})


@dataclass(slots=True)
class Door:
    """What all connections of a server share; what is behind it changes when another project is opened.

    opened is not set while one project gives way to another: then nothing new is begun.
    """

    registry: CommandRegistry
    feed: CommittedFeed
    scope: Scope
    on_fault: OnFault
    token: str = ""
    opened: asyncio.Event = field(default_factory=asyncio.Event)


class SocketConnection(QObject):
    """Checks the token, carries requests out as tasks, and answers each when it is done.

    When the client goes, its waiting calls are cancelled; what would change something goes on to its end. Lives in the
    main thread, made while its loop runs. Signal: ended(connection), once, when client and calls are gone.
    """

    ended = Signal(object)

    def __init__(self, socket: QLocalSocket, door: Door, parent: QObject) -> None:
        """The socket becomes the connection's. Its owner says deleteLater() when it has ended."""
        super().__init__(parent)
        self._door = door
        self._authorised = False
        self._finishing = False
        self._introduced = False
        self._calls: dict[asyncio.Task[None], str] = {}
        self._ended_here: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self._own = CommandRegistry()
        self._own.register(APP_HELLO, self._hello)
        self._own.register(EVENTS_SUBSCRIBE, self._subscribe)
        self._own.register(EVENTS_UNSUBSCRIBE, self._unsubscribe)
        self._channel = LineChannel(
            socket,
            on_line=self._on_line,
            on_too_long=self._on_too_long,
            max_line=MAX_REQUEST_BYTES,
            parent=self,
        )
        self._channel.closed.connect(self._on_closed)

    @property
    def introduced(self) -> bool:
        """Whether the client was told who answers."""
        return self._introduced

    @property
    def changing(self) -> dict[asyncio.Task[None], str]:
        """The calls under way that would change something of the project, with their methods."""
        return {
            call: method
            for call, method in self._calls.items()
            if method not in _ALWAYS and self._scope_of(method) == "control"
        }

    def carries(self, call: asyncio.Task[Any] | None) -> bool:
        """Whether that is one of its calls."""
        return call in self._calls

    def move_on(self) -> None:
        """Stay when the project changes: end the subscription, and answer what waits for something of the old one."""
        self._end_subscription()
        waiting = self._waiting_calls()
        self._ended_here.update(waiting)
        for call in waiting:
            call.cancel()

    def finish(self) -> None:
        """End: cancel what only waits, answer the rest, then close."""
        self._finishing = True
        self._drop_waiting_calls()
        self._go_on_ending()

    def abort(self) -> None:
        """End at once, whatever is under way."""
        for call in tuple(self._calls):
            call.cancel()
        self._channel.abort()

    def send(self, lines: bytes) -> None:
        """For the feed: send notifications."""
        self._channel.send(lines)

    def room(self) -> Awaitable[object]:
        """For the feed: completes when there is room for more history."""
        return self._channel.room()

    def fail(self, why: Exception) -> None:
        """For the feed: the journal could not be read, so the client is sent away rather than told half of it."""
        self._door.on_fault("events.subscribe", describe_error(why))
        self._channel.abort()

    def _on_line(self, line: bytes) -> None:
        try:
            request = parse_request(line)
        except ProtocolError as error:
            if self._authorised:
                self._channel.send(encode_error(error.request_id, error))
            else:
                self._refuse(error.request_id)
            return
        is_hello = request.method == APP_HELLO.name
        if is_hello and self._token_fits(request):
            self._authorised = True
        elif is_hello or not self._authorised:
            self._refuse(request.id)
            return
        call = asyncio.get_running_loop().create_task(self._answer(request), name=request.method)
        self._calls[call] = request.method
        call.add_done_callback(self._on_answered)

    def _on_too_long(self) -> None:
        message = f"A request is a line of at most {MAX_REQUEST_BYTES >> 20} MiB."
        self._channel.send(encode_error(None, ProtocolError(ErrorCode.INVALID_REQUEST, message)))
        self._channel.finish()

    def _token_fits(self, request: Request) -> bool:
        token = request.params.get("token")
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self._door.token.encode())

    def _refuse(self, request_id: RequestId) -> None:
        error = NotAuthorisedError(
            "The first request on a connection is app.hello with the application's token.",
            "The token stands in the file beside the socket, with .token at the end of its name.",
        )
        self._channel.send(encode_error(request_id, error))
        self._channel.finish()

    async def _answer(self, request: Request) -> None:
        try:
            line = encode_result(request.id, _as_json(await self._carry_out(request)))
        except SlopError as error:
            line = encode_error(request.id, error)
        except asyncio.CancelledError:
            call = asyncio.current_task()
            if call in self._ended_here:
                line = encode_error(request.id, _between(f"{request.method} was ended"))
            elif call is None or call.cancelling():
                raise
            else:
                line = encode_error(request.id, NotPossibleError(f"{request.method} was cancelled."))
        except Exception as error:  # noqa: BLE001 — the edge of a task: the client must be answered, the person told
            words = describe_error(error)
            self._door.on_fault(f"{request.method} over the automation socket", words)
            failure = ProtocolError(ErrorCode.INTERNAL_ERROR, f"{request.method} failed unexpectedly: {words}.")
            line = encode_error(request.id, failure)
        if request.wants_reply:
            self._channel.send(line)

    async def _carry_out(self, request: Request) -> Shape:
        method = request.method
        registry = self._own if self._own.find(method) else self._door.registry
        command = registry.find(method)
        if command is None or not command.on_socket:
            raise ProtocolError(
                ErrorCode.METHOD_NOT_FOUND, f"There is no method {method}.", f"Methods: {', '.join(self._methods())}."
            )
        if command.scope == "control" and self._door.scope == "observe":
            raise NotAuthorisedError(
                f"{method} is outside this socket's scope, which is to observe.",
                "Start slop-qt with --automation-scope control.",
            )
        if method == APP_HELLO.name:
            await self._door.opened.wait()
        elif method not in _ALWAYS and not self._door.opened.is_set():
            raise _between(f"{method} was not begun")
        return await registry.call_named(method, request.params, DecidedBy.AUTOMATION)

    def _methods(self) -> list[str]:
        own = {APP_HELLO.name, EVENTS_SUBSCRIBE.name, EVENTS_UNSUBSCRIBE.name}
        registry = self._door.registry
        shared = {command.name for command in ALL_COMMANDS if command.on_socket and registry.find(command.name)}
        return sorted(own | shared)

    async def _hello(self, _params: Hello, by: DecidedBy) -> AppInfo:
        info = await self._door.registry.call(APP_INFO, Nothing(), by)
        self._introduced = True
        return info

    async def _subscribe(self, params: Subscribe, _by: DecidedBy) -> Subscribed:
        wanted = params.wanted()
        self._end_subscription()
        self._subscription, newest = self._door.feed.subscribe(self, wanted, params.from_seq)
        return Subscribed(seq=newest)

    async def _unsubscribe(self, _params: Nothing, _by: DecidedBy) -> Nothing:
        self._end_subscription()
        return Nothing()

    def _end_subscription(self) -> None:
        if self._subscription is not None:
            self._door.feed.unsubscribe(self._subscription)
            self._subscription = None

    def _drop_waiting_calls(self) -> None:
        for call in self._waiting_calls():
            call.cancel()

    def _waiting_calls(self) -> list[asyncio.Task[None]]:
        return [call for call, method in self._calls.items() if self._scope_of(method) == "observe"]

    def _scope_of(self, method: str) -> str | None:
        """Of the commands of the registry: what the connection itself carries out never waits long."""
        command = self._door.registry.find(method)
        return command.scope if command is not None else None

    def _on_answered(self, call: asyncio.Task[None]) -> None:
        del self._calls[call]
        self._ended_here.discard(call)
        self._go_on_ending()

    def _go_on_ending(self) -> None:
        if self._calls:
            return
        if not self._channel.is_open:
            self.ended.emit(self)
        elif self._finishing:
            self._channel.finish()

    @Slot()
    def _on_closed(self) -> None:
        self._end_subscription()
        self._drop_waiting_calls()
        self._go_on_ending()


def _between(what_happened: str) -> NotPossibleError:
    return NotPossibleError(f"{what_happened}: another project is being opened.", "Ask again when it is open.")


def _as_json(shape: Shape) -> str:
    try:
        return shape.model_dump_json()
    except PydanticSerializationError:  # half a surrogate pair, as models do send: JSON's escapes hold it
        return json.dumps(shape.model_dump(mode="json"))
