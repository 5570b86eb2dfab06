"""What tests of runs without a window share."""

from pathlib import Path

import pytest
from simulation_support import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A git repository with one commit, and nothing else of the person's."""
    return Project(tmp_path)
