"""Unified diffs are read as git means them, also where lines look like heads."""

from slop_qt.widgets.unified_diff import read_diff

TRICKY = """diff --git a/a.sql b/a.sql
index 1..2 100644
--- a/a.sql
+++ b/a.sql
@@ -1,3 +1,3 @@ create
--- old comment
+-- new comment
 select 1;
-+++ x
\\ No newline at end of file
+@@ -1 +1 @@
\\ No newline at end of file
diff --git a/new.txt b/new.txt
new file mode 100644
--- /dev/null
+++ b/new.txt
@@ -0,0 +1 @@
+hello
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/old name.txt b/new name.txt
similarity index 100%
rename from old name.txt
rename to new name.txt
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
diff --git "a/\\303\\244.txt" "b/\\303\\244.txt"
--- "a/\\303\\244.txt"
+++ "b/\\303\\244.txt"
@@ -1 +1 @@
-a
+b
"""


def test_files_with_their_counts_and_notes() -> None:
    files = read_diff(TRICKY)
    assert [(f.path, f.note, f.added, f.removed) for f in files] == [
        ("a.sql", "", 2, 2),
        ("new.txt", "new", 1, 0),
        ("gone.txt", "deleted", 0, 1),
        ("new name.txt", "renamed from old name.txt", 0, 0),
        ("logo.png", "binary", 0, 0),
        ("ä.txt", "", 1, 1),
    ]


def test_lines_have_the_numbers_of_both_sides() -> None:
    lines = read_diff(TRICKY)[0].lines
    assert [(line.kind, line.old, line.new, line.text) for line in lines] == [
        ("hunk", None, None, "@@ -1,3 +1,3 @@ create"),
        ("removed", 1, None, "-- old comment"),
        ("added", None, 1, "-- new comment"),
        ("same", 2, 2, "select 1;"),
        ("removed", 3, None, "+++ x"),
        ("note", None, None, "No newline at end of file"),
        ("added", None, 3, "@@ -1 +1 @@"),
        ("note", None, None, "No newline at end of file"),
    ]


def test_a_diff_without_git_heads() -> None:
    files = read_diff("--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n a\n+b\n")
    assert [(f.path, f.added) for f in files] == [("x.py", 1)]


def test_nonsense_is_no_file_and_a_cut_hunk_keeps_what_it_has() -> None:
    assert read_diff("") == []
    assert read_diff("hello\nworld\n--- only half") != []
    cut = read_diff(
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n a\ndiff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    )
    assert [f.path for f in cut] == ["x", "y"]
