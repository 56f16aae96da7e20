"""How Sphinx builds the site; scripts/docs runs it."""

import sys
from pathlib import Path

import click
from sphinx.application import Sphinx

from wordkin import __version__
from wordkin.cli import add_commands

sys.path.insert(0, str(Path(__file__).parent))
import versions

add_commands()  # which the reference of the command line lists

project = "wordkin"
project_copyright = author = "The wordkin developers"
release = version = __version__
version_name = versions.current(Path(__file__).parents[1])

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "performance/results.md"]  # a table that the benchmark writes
smartquotes = False  # -- begins an option
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks have their outputs; a test runs them

autodoc_typehints = "none"  # the docstrings give types and shapes
autodoc_member_order = "bysource"
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"wordkin {release}" if version_name == release else "wordkin, development version"
html_context = {"version_name": version_name}
html_static_path = ["_static"]
html_css_files = ["versions.css"]
templates_path = ["_templates"]  # with furo's place for a choice of versions
html_copy_source = False
man_pages = [("reference/cli", "wordkin", "learn word vectors from text, and query them", author, 1)]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def add_examples(_app: object, context: click.Context, lines: list[str]) -> None:
    """Show the examples of a command below its options, as --help does."""
    examples = getattr(context.command, "examples", ())
    lines.extend(["Examples::", "", *(f"    {example}" for example in examples), ""] if examples else [])


def setup(app: Sphinx) -> None:
    """Connect add_examples."""
    app.connect("sphinx-click-process-epilog", add_examples)
