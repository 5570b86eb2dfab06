"""One tree of errors; each carries what happened and what the person can do about it.

SlopError
├── UsageError            the command line was wrong                      exit 2
├── ConfigurationError    key, provider, model or program missing         exit 3, -32005
│   └── HeldError             another process works on the project
├── NotFoundError         no such track, run, ticket, stream, approval    -32001
├── ConflictError         already resolved, already running               -32002
├── NotPossibleError      not possible in the present state               -32003
│   ├── BudgetError           a request was not sent: no limit covers it
│   └── TooLargeError         a request was not sent: it does not fit
├── WaitTimedOutError     a wait ended before what it waited for          -32004
├── InvalidInputError     a shape, graph or file that does not hold       -32602
├── ProviderError         a model's API failed or answered nonsense
│   └── UnusableAnswerError   a plan that could not be repaired, kept for the person
├── ToolError             told to the model, which may repair it
├── WorkspaceError        git or the file system refused
└── StoreError            journal, settings or conductor/ cannot be read or written
"""

__all__ = [
    "BudgetError",
    "ConfigurationError",
    "ConflictError",
    "HeldError",
    "InvalidInputError",
    "NotFoundError",
    "NotPossibleError",
    "ProviderError",
    "SlopError",
    "StoreError",
    "TooLargeError",
    "ToolError",
    "UnusableAnswerError",
    "UsageError",
    "WaitTimedOutError",
    "WorkspaceError",
]


class SlopError(Exception):
    """The root.

    Attributes:
        message: what happened and where, one or a few sentences, no keys and no stack.
        hint: what the person can do next; empty where the message says it all.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(SlopError):
    """The command line or a combination of options was wrong."""


class ConfigurationError(SlopError):
    """A key, provider, model, program or sandbox that is needed is not there."""


class HeldError(ConfigurationError):
    """Another process works on the project; the message has its id and its socket."""


class NotFoundError(SlopError):
    """What was named does not exist; the message names it and what exists."""


class ConflictError(SlopError):
    """Somebody was first: already resolved, already running."""


class NotPossibleError(SlopError):
    """Not possible in the present state; the message says which state."""


class BudgetError(NotPossibleError):
    """A request was not sent because a limit does not cover it, and nobody is there to raise it."""


class TooLargeError(NotPossibleError):
    """A request was not sent, or not once more: it does not fit its model, whatever may be left out is."""


class WaitTimedOutError(SlopError):
    """A wait ended before what it waited for came.

    Attributes:
        state: what was there at that moment, as JSON can hold it.
    """

    def __init__(self, message: str, hint: str = "", *, state: object = None) -> None:
        super().__init__(message, hint)
        self.state = state


class InvalidInputError(SlopError):
    """A shape, a ticket graph or a file that does not hold."""


class ProviderError(SlopError):
    """A model's API failed.

    Attributes:
        retryable: whether sending the identical request again may help.
        retry_after_s: what the server asked for, seconds; None where it said nothing.
        rate_limited: whether requests are too many for it, or it is overloaded: all should slow down.
        overflow: whether the request is too large for the model: with less in it, it may be taken.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        rate_limited: bool = False,
        overflow: bool = False,
    ) -> None:
        super().__init__(message, hint)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.rate_limited = rate_limited
        self.overflow = overflow


class UnusableAnswerError(ProviderError):
    """A planning tier's answer that does not hold and that the model could not repair: the person may.

    Attributes:
        answer: the arguments of its last call as the model wrote them, JSON where it was JSON.
        tool: submit_tracks or submit_tickets.
        track_id: what it was asked to cut into tickets; None for tracks.
    """

    def __init__(self, message: str, hint: str = "", *, answer: str, tool: str, track_id: str | None = None) -> None:
        super().__init__(message, hint)
        self.answer = answer
        self.tool = tool
        self.track_id = track_id


class ToolError(SlopError):
    """A tool call that cannot be carried out; the message is for the model to repair it by."""


class WorkspaceError(SlopError):
    """git or the file system refused."""


class StoreError(SlopError):
    """Journal, settings or conductor/ cannot be read or written."""
