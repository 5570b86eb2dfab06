"""What a person can set; read from their own settings file and the command line, never from a project."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from slop_qt.core.approvals import ApprovalKind, Mode
from slop_qt.core.budgets import BudgetLimits
from slop_qt.core.conversation import CacheTtl
from slop_qt.core.exact_json import exact_json, read_exact_json
from slop_qt.core.shape import Shape

__all__ = ["Limits", "ModelChoice", "Rule", "Server", "Settings"]


class ModelChoice(Shape):
    """Which model of which provider a tier asks."""

    provider: str
    model: str


# What a server may not be called: vendors have names and addresses of their own.
_TAKEN = frozenset({"anthropic", "gemini", "openai", "scripted"})
_SERVER_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Server(Shape):
    """An address that speaks a vendor's API: the name it has in the settings is a provider's name like the others.

    key_variable is where the environment has its key, if it wants one.
    """

    base_url: Annotated[str, Field(min_length=1)]
    api: Literal["openai", "anthropic", "gemini"] = "openai"
    key_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None


class Rule(Shape):
    """A rule of the person's own. It comes before the mode, and a deny always wins.

    subject is compared exactly with the command line, path, tool name or ticket id; None stands for every one of
    that kind. The rest narrows it down, and None stands for any: of a command, cwd is the folder in the worktree, and
    shell whether /bin/sh reads it or a program gets its arguments as they are; of a tool, arguments is the JSON object.
    """

    action: Literal["allow", "ask", "deny"]
    kind: ApprovalKind
    subject: str | None = None
    cwd: str | None = None
    shell: bool | None = None
    arguments: str | None = None

    @field_validator("arguments")
    @classmethod
    def _is_object(cls, arguments: str | None) -> str | None:
        if arguments is None:
            return None
        try:
            value = read_exact_json(arguments)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"that is no JSON: {error}") from None
        if not isinstance(value, dict):
            raise ValueError("arguments are a JSON object")
        return exact_json(value)

    @model_validator(mode="after")
    def _belongs_to_its_kind(self) -> Self:
        if self.kind is not ApprovalKind.COMMAND and (self.cwd is not None or self.shell is not None):
            raise ValueError(f"cwd and shell are for commands; this is a rule for {self.kind}")
        if self.arguments is not None and (self.kind is not ApprovalKind.TOOL or self.subject is None):
            raise ValueError("arguments are for a tool that subject names")
        return self


class Limits(Shape):
    """Bounds of a run. Times are seconds.

    thinking_tokens is how many of the output tokens a model may think with; 0 leaves its thinking off, where that can
    be. cache_ttl is how long a provider is asked to keep what it caches, where it lets one choose: an hour costs more
    to write. count_tokens is whether a provider that can is asked how many tokens a request is, before it is sent.
    """

    workers: Annotated[int, Field(ge=1, le=64)] = 4
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    repairs: Annotated[int, Field(ge=0, le=20)] = 3
    sends: Annotated[int, Field(ge=1, le=20)] = 5
    turns: Annotated[int, Field(ge=1, le=1000)] = 80
    max_output_tokens: Annotated[int, Field(ge=1)] = 16_000
    thinking_tokens: Annotated[int, Field(ge=0)] = 0
    command_timeout_s: Annotated[float, Field(gt=0)] = 120.0
    command_output_bytes: Annotated[int, Field(ge=1024)] = 1 << 20
    verify_timeout_s: Annotated[float, Field(gt=0)] = 600.0
    no_progress_s: Annotated[float, Field(gt=0)] = 60.0
    cache_ttl: CacheTtl = "5m"
    count_tokens: bool = True


_STRONG = ModelChoice(provider="anthropic", model="claude-opus-4-5")
_CHEAP = ModelChoice(provider="anthropic", model="claude-haiku-4-5")


class Settings(Shape):
    """All of it.

    context_tokens is how large a tier's requests may be, input and answer together, by tier; where a tier is not named,
    or has more, the model's own limit holds.
    """

    tiers: dict[int, ModelChoice] = Field(default_factory=lambda: {1: _STRONG, 2: _STRONG, 3: _CHEAP, 4: _CHEAP})
    mode: Mode = Mode.ASK
    servers: dict[str, Server] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    limits: Limits = Limits()
    budget: BudgetLimits = BudgetLimits()
    context_tokens: dict[int, Annotated[int, Field(ge=1000)]] = Field(default_factory=dict)
    theme: Literal["system", "light", "dark"] = "system"
    automation: bool = False
    unsandboxed: bool = False
    scenario: str | None = None

    @field_validator("servers")
    @classmethod
    def _names_hold(cls, servers: dict[str, Server]) -> dict[str, Server]:
        for name in servers:
            if name in _TAKEN:
                raise ValueError(f"{name} is taken; choose another name")
            if not _SERVER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name: use small letters, digits, - and _")
        return servers
