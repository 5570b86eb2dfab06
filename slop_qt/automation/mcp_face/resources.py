"""The newest run's status and the streams of runs as MCP resources."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from mcp_types import Resource, ResourceTemplate, TextResourceContents

from slop_qt.automation.mcp_face.application import RunningApplication
from slop_qt.automation.mcp_face.tools import utf8
from slop_qt.core.errors import ConfigurationError, NotFoundError

__all__ = ["STATUS_URI", "TEMPLATES", "canonical", "listed", "read", "stream_uri"]

STATUS_URI = "slop-qt://status"
_STREAM = "slop-qt://runs/{run_id}/streams/{stream_id}"
_STREAM_FORM = re.compile(r"slop-qt://runs/([^/]+)/streams/([^/]+)")

TEMPLATES = (
    ResourceTemplate(
        name="stream",
        title="A stream of a run",
        uri_template=_STREAM,
        description="What an agent of a run has said so far; stream ids such as `Tier 3: T-001 #2`, percent-encoded.",
        mime_type="text/plain",
    ),
)


def stream_uri(run_id: str, stream_id: str) -> str:
    """The address of a stream's text."""
    return _STREAM.format(run_id=quote(run_id, safe=""), stream_id=quote(stream_id, safe=""))


def canonical(uri: str) -> str:
    """The one spelling of an address: clients differ in what they percent-encode."""
    form = _STREAM_FORM.fullmatch(uri)
    return stream_uri(unquote(form[1]), unquote(form[2])) if form else uri


async def listed(application: RunningApplication) -> list[Resource]:
    """The status, and the streams of the newest run; the status alone where no application runs.

    Raises:
        SlopError: as the application answered.
    """
    try:
        status = await application.call("mma.status", {})
    except ConfigurationError:  # clients list once, at their start: what is read later says what is missing
        return [_status_resource()]
    return [_status_resource(), *(_stream_resource(status, stream_id) for stream_id in status["mma_streams"])]


async def read(application: RunningApplication, uri: str) -> TextResourceContents:
    """What stands there now.

    Raises:
        NotFoundError: there is no such resource, run or stream.
        SlopError: no application answers.
    """
    if uri == STATUS_URI:
        status = await application.call("mma.status", {})
        return TextResourceContents(
            uri=uri, mime_type="application/json", text=utf8(json.dumps(status, ensure_ascii=False))
        )
    form = _STREAM_FORM.fullmatch(uri)
    if form is None:
        raise NotFoundError(f"There is no resource {uri}.", f"There are {STATUS_URI} and {_STREAM}.")
    page = await application.call("stream.read", {"run_id": unquote(form[1]), "stream_id": unquote(form[2])})
    return TextResourceContents(uri=uri, mime_type="text/plain", text=utf8(page["text"]))


def _status_resource() -> Resource:
    return Resource(
        name="status",
        title="The newest run",
        uri=STATUS_URI,
        description="MMA status of the newest run: tickets, streams, usage, approvals that wait.",
        mime_type="application/json",
    )


def _stream_resource(status: Mapping[str, Any], stream_id: str) -> Resource:
    return Resource(
        name=stream_id,
        title=stream_id,
        uri=stream_uri(status["run_id"], stream_id),
        description=f"What {stream_id} of the run {status['run_id']} has said so far.",
        mime_type="text/plain",
    )
