"""What the planning tiers are told of the product: Conductor's documents, where the index or the default has them."""

import os
from pathlib import Path

import pytest

from slop_qt.store.conductor.product_documents import product_documents


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "conductor").mkdir(parents=True)
    return project


def write(project: Path, name: str, content: str | bytes) -> None:
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def index(project: Path, *links: str) -> None:
    write(project, "conductor/index.md", "# Project Context\n\n" + "".join(f"- {link}\n" for link in links))


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert product_documents(tmp_path) == {}


def test_they_come_by_their_labels_in_one_order(project: Path) -> None:
    for name in ("workflow", "product", "tech-stack", "product-guidelines"):
        write(project, f"conductor/{name}.md", f"About {name}.\n")
    found = product_documents(project)
    assert list(found) == ["Product Definition", "Product Guidelines", "Tech Stack", "Workflow"]
    assert found["Tech Stack"] == "About tech-stack.\n"


def test_one_that_is_empty_is_as_good_as_none(project: Path) -> None:
    write(project, "conductor/workflow.md", " \r\n")
    write(project, "conductor/product.md", "\ufeffKörbe.\r\n")
    assert product_documents(project) == {"Product Definition": "Körbe.\r\n"}


@pytest.mark.parametrize(
    "link",
    [
        "[Tech Stack](../docs/the%20stack.md)",
        "[tech stack](<../docs/the%20stack.md>)",
        '[Tech Stack](./../docs/the%20stack.md#top "What it is made of")',
    ],
)
def test_a_path_that_the_index_links_wins(project: Path, link: str) -> None:
    write(project, "conductor/tech-stack.md", "The default.")
    write(project, "docs/the stack.md", "The linked.")
    index(project, "[Somewhere](./else.md)", link)
    assert product_documents(project) == {"Tech Stack": "The linked."}


@pytest.mark.parametrize("target", ["../../secret.md", "{outside}/secret.md", "https://example.org/x.md", "out.md"])
def test_a_link_that_leaves_the_project_is_not_followed(project: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "secret.md").write_text("A key.")
    (project / "conductor" / "out.md").symlink_to(tmp_path / "secret.md")
    write(project, "conductor/product.md", "The default.")
    index(project, f"[Product Definition]({target.format(outside=tmp_path)})")
    assert product_documents(project) == {"Product Definition": "The default."}


def test_a_default_that_leads_out_of_the_project_is_not_read(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("A key.")
    (project / "conductor" / "product.md").symlink_to(tmp_path / "secret.md")
    assert product_documents(project) == {}


def test_a_link_to_nothing_leaves_the_default(project: Path) -> None:
    write(project, "conductor/product.md", "The default.")
    index(project, "[Product Definition](./gone.md)")
    assert product_documents(project) == {"Product Definition": "The default."}


def test_what_cannot_be_read_is_said_in_its_place(project: Path) -> None:
    write(project, "conductor/product.md", "Körbe".encode("latin-1"))
    os.mkfifo(project / "conductor" / "workflow.md")
    found = product_documents(project)
    assert found["Product Definition"] == "(conductor/product.md is not UTF-8: byte 1 cannot be read.)"
    assert found["Workflow"] == "(conductor/workflow.md is not a regular file.)"


@pytest.mark.parametrize("character", ["x", "ä", "€", "🙂"])
def test_a_long_one_is_cut_and_says_so(project: Path, character: str) -> None:
    write(project, "conductor/product.md", "y" + character * 5_000_000)
    text = product_documents(project)["Product Definition"]
    assert len(text.encode()) < 65_000 and text.startswith(f"y{character}")
    assert "conductor/product.md goes on: only its beginning is here; read_file has the rest." in text
    assert "\ufffd" not in text


def test_an_index_that_is_no_text_is_passed_over(project: Path) -> None:
    write(project, "conductor/index.md", b"\xff\xfe")
    write(project, "conductor/product.md", "Baskets.")
    assert product_documents(project) == {"Product Definition": "Baskets."}
