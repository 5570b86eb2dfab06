import unittest

from pocketbook.money import Money


class ParseTest(unittest.TestCase):
    def test_reads_cents(self):
        self.assertEqual(Money.parse("42.10 EUR"), Money(4210))

    def test_reads_what_is_owed(self):
        self.assertEqual(Money.parse("-0.05 CHF"), Money(-5, "CHF"))

    def test_reads_what_it_writes(self):
        amounts = [Money(cents) for cents in (0, 99, -4210, 123_456, 120_000_000, -100_000)]
        self.assertEqual([Money.parse(str(amount)) for amount in amounts], amounts)

    def test_refuses_what_is_no_amount(self):
        for text in (
            "",
            "12 EUR",
            "12.5 EUR",
            "12.50",
            "1,2.00 EUR",
            "12,34.00 EUR",
            ",123.00 EUR",
        ):
            with self.subTest(text=text), self.assertRaises(ValueError):
                Money.parse(text)


class AddTest(unittest.TestCase):
    def test_adds_cents(self):
        self.assertEqual(Money(150) + Money(-50), Money(100))

    def test_never_mixes_currencies(self):
        with self.assertRaises(ValueError):
            Money(1, "EUR") + Money(1, "CHF")


class SplitTest(unittest.TestCase):
    def test_even_shares(self):
        self.assertEqual(Money(900).split(3), [Money(300)] * 3)

    def test_no_cent_is_lost(self):
        self.assertEqual(Money(10_000).split(3), [Money(3334), Money(3333), Money(3333)])
        self.assertEqual(Money(-500).split(3), [Money(-167), Money(-167), Money(-166)])
