"""The README says what the committed files say, and names files that exist."""

import re

import pytest

from experiments import readme_numbers, run

TEXT = readme_numbers.README.read_text(encoding="utf-8")


def test_numbers_are_those_of_the_committed_rows():
    written = TEXT.split(readme_numbers.START)[1].split(readme_numbers.END)[0]
    assert written.strip() == readme_numbers.numbers()


def test_the_story_is_that_of_the_committed_rows():
    text = readme_numbers.STORY.read_text(encoding="utf-8")
    written = text.split(readme_numbers.STORY_START)[1].split(readme_numbers.STORY_END)[0]
    assert written.strip() == readme_numbers.story(readme_numbers.REPORTS / "tables")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"])
def test_documents_are_there(name):
    assert (readme_numbers.ROOT / name).stat().st_size > 0


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_links_lead_to_files(link):
    assert (readme_numbers.ROOT / link).is_file()


def test_options_in_examples_exist():
    for line in re.findall(r"^python experiments/run\.py ([^#\n]*)", TEXT, flags=re.MULTILINE):
        run.parse(line.split())  # argparse ends the test where an option is unknown


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "reports/README.md", "Makefile"])
def test_no_path_of_a_machine_and_no_index(path):
    text = (readme_numbers.ROOT / path).read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|root|tmp)/|index.url|pypi\.org", text)


def test_what_it_says_of_speed_is_that_of_the_tables():
    written = TEXT.split(readme_numbers.SPEED_START)[1].split(readme_numbers.SPEED_END)[0]
    assert written.strip() == readme_numbers.speed(readme_numbers.REPORTS / "tables")
