"""What tests share that run the whole window in their own process."""

from typing import NoReturn

import pytest

from slop_qt.qt import main_loop


@pytest.fixture(autouse=True)
def _the_process_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the application would leave its process at once, the test fails and says so.

    With the process would go all other tests of it, and what was said on standard error: xdist says no more than
    "node down".
    """

    def would_leave(exit_code: int) -> NoReturn:
        pytest.fail(f"The application would have left its process at once, with {exit_code}; standard error says why.")

    monkeypatch.setattr(main_loop, "_leave_at_once", would_leave)
