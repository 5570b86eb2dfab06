"""Tracks: one deliverable each, cut from an epic (shape: Track in the automation protocol)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from slop_qt.core.shape import Shape

__all__ = ["Track", "TrackDraft", "TrackStatus"]


class TrackStatus(StrEnum):
    """The marker in tracks.md: `[ ]`, `[~]`, `[x]`, `[b]`."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    BLOCKED = "blocked"


class Track(Shape):
    """A track as it stands in conductor/; the paths are relative to the project."""

    id: str
    title: str
    status: TrackStatus = TrackStatus.NEW
    spec_path: str
    plan_path: str


class TrackDraft(Shape):
    """What Tier 1 proposes: spec and plan are Markdown; type is feature, bug, chore or a word of the person's own."""

    title: Annotated[str, Field(min_length=1)]
    type: str = "feature"
    spec: str
    plan: str
