"""What the answers of the application are held against finds what is wrong."""

from typing import Any

import pytest
from letter import APPROVAL, METHODS, TRACK_STATUS
from ruler import Mapping, departures


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (str, 7),
        (int, True),
        (int, 1.5),
        (float, "1"),
        (bool, 1),
        ([str], ["a", None]),
        ([str], "a"),
        ({"a": int}, {}),
        ({"a": int}, {"a": 1, "b": 2}),
        ({"a": int}, [1]),
        (Mapping(int), {"a": "b"}),
        (TRACK_STATUS, "finished"),
        (APPROVAL["requested_at"], "2026-11-22 21:00"),
        (APPROVAL["requested_at"], "2026-11-22T21:00:00+01:00"),
        (METHODS["track.list"].result, {"tracks": [{"id": "a"}]}),
    ],
)
def test_a_departure_is_found(shape: Any, value: Any) -> None:
    assert departures(shape, value)
