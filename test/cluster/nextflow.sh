#!/usr/bin/env bash
# The Nextflow workflow on this machine: one sample as a whole and in shards. Both results must be the file of one process, by SHA-256.
#   test/cluster/nextflow.sh [CELLS] [SHARDS]
# Needs a build and Java 17. NEXTFLOW names the program; without it the runtime comes from Maven Central, which Maven fetches.
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
cells="${1:-3000}" shards="${2:-4}" version=24.10.0
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
export NXF_OFFLINE=true NXF_HOME="$work/home" NXF_ANSI_LOG=false PATH="$work/bin:$PATH"

mkdir bin
printf '#!/bin/sh\nexec node %s/dist/bin/main.js "$@"\n' "$root" >bin/atlasmtl
chmod +x bin/atlasmtl
if [ -n "${NEXTFLOW:-}" ]; then
  nextflow() { "$NEXTFLOW" "$@"; }
else
  cat >pom.xml <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>runtime</artifactId><version>1</version>
  <dependencies><dependency><groupId>io.nextflow</groupId><artifactId>nextflow</artifactId><version>$version</version></dependency></dependencies>
</project>
POM
  mvn -q -B dependency:copy-dependencies -DoutputDirectory=jars
  # As Nextflow's own launcher: without these its record of finished tasks stays empty, without a word.
  opens=()
  for package in java.lang java.io java.nio java.net java.util java.util.concurrent.atomic java.util.concurrent.locks \
    java.util.regex sun.nio.ch sun.nio.fs jdk.internal.misc jdk.internal.vm; do
    opens+=("--add-opens=java.base/$package=ALL-UNNAMED")
  done
  nextflow() { java "${opens[@]}" -cp 'jars/*' nextflow.cli.Launcher "$@"; }
fi

node --input-type=module -e '
  import { writeFile } from "node:fs/promises";
  const { simulateH5ad } = await import(process.argv[1]);
  await writeFile("reference.h5ad", await simulateH5ad("reference", { nReference: 1500 }));
  await writeFile("query.h5ad", await simulateH5ad("query", { nQuery: Number(process.argv[2]) }));
' "$root/dist/api/index.js" "$cells"
atlasmtl train --adata reference.h5ad --labels lineage class type --out model/model.pth --num-epochs 5 --quiet
atlasmtl predict --model model/model.pth --adata query.h5ad --out whole.h5ad --quiet
printf 'sample,adata\nquery,query.h5ad\n' >samples.csv

run() { nextflow run "$root/nextflow" --input samples.csv --model model/model.pth "$@"; }
run --outdir one
run --outdir parts --shards "$shards"
run --outdir again --shards "$shards" -resume | tee resumed
[ "$(grep -c Cached resumed)" = "$((shards + 1))" ] || { echo "finished tasks were run again"; exit 1; }
sha256sum whole.h5ad one/*.h5ad parts/*.h5ad again/*.h5ad
[ "$(sha256sum whole.h5ad one/*.h5ad parts/*.h5ad again/*.h5ad | cut -d' ' -f1 | sort -u | wc -l)" = 1 ]
[ -s one/query.annotated.html ] && [ -s parts/query.annotated.html ]
echo "the same"
