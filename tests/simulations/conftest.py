"""What simulations share."""

import sys
from functools import partial
from pathlib import Path

import pytest
from left_behind import pytest_runtest_makereport
from PySide6.QtWidgets import QApplication
from same_figures import SameFigures, check_same_figures
from simulation_support import Project

__all__ = ["project", "pytest_runtest_makereport", "same_figures"]

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))  # the loopback server of the wire tests


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A git repository with one commit, and nothing else of the person's."""
    return Project(tmp_path)


@pytest.fixture
def same_figures(project: Project, qapp: QApplication) -> SameFigures:
    """same_figures(client, said): every figure is the same everywhere; both may be left out."""
    assert qapp is not None, "the panel's model lives in an application"
    return partial(check_same_figures, project)
