"""Resources are found from a checkout; a missing one says what to do."""

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.resources import resource_path


def test_the_folder_itself_is_found() -> None:
    assert resource_path().is_dir()
    assert resource_path().name in {"resources", "_resources"}


def test_a_missing_resource_is_an_error_that_names_it() -> None:
    with pytest.raises(ConfigurationError, match=r"no-such-folder.no-such-file") as caught:
        resource_path("no-such-folder", "no-such-file")
    assert "Install" in caught.value.hint
