"""What tests of the protocol on a real application share."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "simulations"))  # the application that stays
