import datetime
import unittest

from pocketbook.schedule import monthly


def days(start, count):
    return [day.isoformat() for day in monthly(datetime.date.fromisoformat(start), count)]


class MonthlyTest(unittest.TestCase):
    def test_goes_on_into_the_next_year(self):
        self.assertEqual(days("2026-11-15", 3), ["2026-11-15", "2026-12-15", "2027-01-15"])

    def test_nothing_happens_no_times(self):
        self.assertEqual(days("2026-11-15", 0), [])

    def test_a_short_month_ends_earlier(self):
        self.assertEqual(days("2026-01-31", 2), ["2026-01-31", "2026-02-28"])
        self.assertEqual(days("2028-01-30", 2), ["2028-01-30", "2028-02-29"])

    def test_the_day_comes_back_after_a_short_month(self):
        self.assertEqual(
            days("2026-01-31", 4), ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
        )
