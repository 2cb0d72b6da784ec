"""Checks the recipes of containers and conda with what PyPI has; test/recipes/lint.sh runs it.

meta.yaml is checked as the linters of conda-forge and bioconda document it (https://conda-forge.org/docs/maintainer/adding_pkgs,
https://bioconda.github.io/contributor/linting.html), which are on no index that can be reached here, and its requirements are parsed
by rattler, the library of conda's solver.
"""

import re
import sys
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from rattler import MatchSpec, Version
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipe/meta.yaml"
# The order in which conda-forge wants them.
SECTIONS = ["package", "source", "build", "requirements", "test", "about", "extra"]
# What conda-build documents of each section that the recipe uses.
KEYS = {
    "package": {"name", "version"},
    "source": {"url", "sha256", "patches", "folder", "fn"},
    "build": {"number", "noarch", "script", "run_exports", "skip", "string", "entry_points"},
    "requirements": {"build", "host", "run", "run_constrained"},
    "test": {"commands", "requires", "files", "source_files", "imports", "downstreams"},
    "about": {
        *{"home", "summary", "description", "license", "license_family", "license_file"},
        *{"doc_url", "dev_url", "license_url", "doc_source_url"},
    },
    "extra": {"recipe-maintainers", "identifiers", "additional-platforms", "container", "skip-lints"},
}


def problems():
    text = RECIPE.read_text()
    if re.search(r"[ \t]$", text, re.M):
        yield "a line ends in a space"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield "the file does not end in one newline"
    for brackets in re.findall(r"\{\{.*?\}\}", text):
        if not (brackets.startswith("{{ ") and brackets.endswith(" }}")):
            yield f"no spaces inside {brackets}"
    environment = Environment(undefined=StrictUndefined)
    pinned = []

    def pin_subpackage(name, max_pin="x.x.x.x.x.x"):
        pinned.append(name)
        return f"{name} >=0"

    recipe = YAML(typ="base").load(environment.from_string(text).render(pin_subpackage=pin_subpackage))
    if list(recipe) != [section for section in SECTIONS if section in recipe]:
        yield f"the sections are {', '.join(recipe)}; expected the order {', '.join(SECTIONS)}"
    for section in set(SECTIONS) - {"extra"} - set(recipe):
        yield f"the section {section} is missing"
    for section, content in recipe.items():
        for key in set(content) - KEYS.get(section, set()):
            yield f"{section} has no key {key}"
    package, about, build = recipe["package"], recipe["about"], recipe["build"]
    if not re.fullmatch(r"[a-z0-9_.-]+", package["name"]):
        yield f"the name is {package['name']}"
    Version(str(package["version"]))
    if not re.fullmatch(r"[0-9a-f]{64}", str(recipe["source"].get("sha256"))):
        yield "source has no sha256"
    if str(package["version"]) not in recipe["source"]["url"]:
        yield "the url of the source does not hold the version"
    if build.get("number") != "0":
        yield "the number of the first build of a version is 0"
    if build.get("noarch") not in ("generic", "python"):
        yield "noarch is neither generic nor python"
    # Bioconda asks every recipe for it.
    if not build.get("run_exports") or pinned != [package["name"]]:
        yield "build has no run_exports that pins the package itself"
    if build.get("noarch") and "# [" in text:
        yield "a noarch package has selectors"
    for kind, specs in recipe["requirements"].items():
        for spec in specs:
            MatchSpec(spec, strict=True)
            if not re.fullmatch(r"[a-z0-9_.-]+( [^ ]+)?", spec):
                yield f"{kind}: '{spec}' has a space that conda-forge refuses"
    if not recipe["test"].get("commands"):
        yield "there are no tests"
    for key in ("home", "license", "license_file", "summary"):
        if not about.get(key):
            yield f"about has no {key}"
    if "gpl" in about["license"].lower() and not about.get("license_file"):
        yield "a GPL needs its file"
    for file in about["license_file"]:
        if not (ROOT / file).is_file():
            yield f"there is no {file}"
    if not recipe.get("extra", {}).get("recipe-maintainers"):
        yield "extra has no recipe-maintainers"


found = list(problems())
for problem in found:
    print(f"{RECIPE.relative_to(ROOT)}: {problem}")
sys.exit(1 if found else 0)
