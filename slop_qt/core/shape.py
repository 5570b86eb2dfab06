"""The base of everything that crosses a layer, a thread, the disk or the socket."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Shape"]


class Shape(BaseModel):
    """A frozen model that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")
