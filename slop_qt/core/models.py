"""What is known of a model: its limits, what it can do, and until when it is there."""

from datetime import date
from typing import Literal

from slop_qt.core.shape import Shape

__all__ = ["ModelInfo", "ModelSource"]

# Who says so: the provider's own models endpoint, the table that is shipped, or both.
ModelSource = Literal["provider", "table", "both"]


class ModelInfo(Shape):
    """One model of one provider. None stands for what nobody has said.

    context_tokens bounds input and output together or the input alone, as the vendor counts; output_tokens one
    answer. retires is the day after which it is no longer offered; deprecated that its vendor advises against it.
    """

    provider: str
    name: str
    label: str = ""
    source: ModelSource
    context_tokens: int | None = None
    output_tokens: int | None = None
    tools: bool | None = None
    thinking: bool | None = None
    deprecated: bool = False
    retires: date | None = None
