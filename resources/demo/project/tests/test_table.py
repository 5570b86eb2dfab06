import unittest

from pocketbook.table import render


class RenderTest(unittest.TestCase):
    def test_words_begin_at_the_left(self):
        self.assertEqual(
            render(["Name"], [["food"], ["rental"]], "l"), "Name\n------\nfood\nrental"
        )

    def test_numbers_end_at_the_right(self):
        table = render(["Account", "Balance"], [["food", "42.10"], ["salary", "-1,200.00"]], "lr")
        self.assertEqual(
            table.splitlines(),
            [
                "Account    Balance",
                "-------  ---------",
                "food         42.10",
                "salary   -1,200.00",
            ],
        )

    def test_a_letter_too_few_is_refused(self):
        with self.assertRaises(ValueError):
            render(["Account", "Balance"], [], "l")
