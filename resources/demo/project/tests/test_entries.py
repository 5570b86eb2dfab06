import datetime
import unittest

from pocketbook.entries import Entry, Posting, parse_journal
from pocketbook.money import Money


class ParseJournalTest(unittest.TestCase):
    def test_reads_an_entry(self):
        [entry] = parse_journal(
            "; January\n2026-01-03 Groceries\n  expenses:food   42.10 EUR\n  assets:bank  -42.10 EUR\n"
        )
        food, bank = Posting("expenses:food", Money(4210)), Posting("assets:bank", Money(-4210))
        self.assertEqual(entry, Entry(datetime.date(2026, 1, 3), "Groceries", (food, bank)))

    def test_an_amount_left_out_is_what_is_missing_to_zero(self):
        [entry] = parse_journal(
            "2026-01-02 Salary\n  assets:bank  1,150.00 EUR\n  assets:cash  50.00 EUR\n  income:salary\n"
        )
        self.assertEqual(entry.postings[2], Posting("income:salary", Money(-120_000)))

    def test_a_mistake_names_its_line(self):
        with self.assertRaisesRegex(ValueError, "line 3"):
            parse_journal("2026-01-02 Salary\n\nwhat is this\n")
