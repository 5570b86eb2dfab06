import unittest
from pathlib import Path

from pocketbook.report import balance_report

EXAMPLE = Path(__file__).parent.parent / "examples" / "household.journal"


class BalanceReportTest(unittest.TestCase):
    def test_accounts_are_indented_below_the_one_they_are_in(self):
        self.assertEqual(
            balance_report(EXAMPLE.read_text(encoding="utf-8")).splitlines(),
            [
                "Account          Balance",
                "---------  -------------",
                "assets        459.40 EUR",
                "  bank        459.40 EUR",
                "expenses      740.60 EUR",
                "  food         42.10 EUR",
                "  home        698.50 EUR",
                "    power      58.50 EUR",
                "    rent      640.00 EUR",
                "income     -1,200.00 EUR",
                "  salary   -1,200.00 EUR",
            ],
        )
