"""What tests of runs without a window share."""

import sys
from pathlib import Path

import pytest
from simulation_support import Project

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # the loopback server of the wire tests


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A git repository with one commit, and nothing else of the person's."""
    return Project(tmp_path)
