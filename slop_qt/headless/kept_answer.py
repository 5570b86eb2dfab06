"""Without a window nobody can mend an answer that did not hold: it is kept as a file, and its place is said."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from slop_qt.core.errors import StoreError, UnusableAnswerError
from slop_qt.core.events import utc_now
from slop_qt.core.ports import Offload
from slop_qt.store.files import make_private_folder, write_atomically

__all__ = ["answers_kept"]


@asynccontextmanager
async def answers_kept(folder: Path, offload: Offload) -> AsyncIterator[None]:
    """Whatever answer fails within is kept in that folder.

    Raises:
        UnusableAnswerError: the one that came, whose hint says where the answer is.
    """
    try:
        yield
    except UnusableAnswerError as error:
        kept = error
    else:
        return
    where = await offload.run(lambda: _keep(kept, folder))
    raise UnusableAnswerError(
        kept.message, f"{where} {kept.hint}", answer=kept.answer, tool=kept.tool, track_id=kept.track_id
    )


def _keep(error: UnusableAnswerError, folder: Path) -> str:
    """Write it; a sentence that says where it is, or why it is not."""
    path = folder / f"{utc_now():%Y%m%d-%H%M%S-%f}-{error.tool}.json"
    try:
        make_private_folder(folder)
        write_atomically(path, error.answer)
        path.chmod(0o600)
    except (OSError, StoreError) as failure:
        return f"What it gave could not be kept in a file ({failure}); the journal has it."
    return f"What it gave is kept in {path} as it came."
