#!/usr/bin/env bash
# A Slurm cluster of two nodes on this machine, and the Snakemake workflow on it: 16 shards of one query, and one node killed in
# mid-run. The merged result must be the file of one process, by SHA-256.
#   test/cluster/slurm.sh [CELLS] [SHARDS]
# Needs root, Debian's slurm-wlm and munge, a build, and snakemake with snakemake-executor-plugin-slurm (SNAKEMAKE names it).
set -euo pipefail
root="$(cd "$(dirname "$0")/../.." && pwd)"
cells="${1:-20000}" shards="${2:-16}"
snakemake="${SNAKEMAKE:-snakemake}"
atlasmtl="node $root/dist/bin/main.js"
work="$(mktemp -d)"
export SLURM_CONF="$work/slurm.conf"
# Jobs do not get SLURM_CONF: they look here.
conf=/etc/slurm/slurm.conf
[ ! -e "$conf" ] || [ -L "$conf" ] || { echo "$conf is there: this machine belongs to a cluster"; exit 2; }
mkdir -p /etc/slurm
ln -sfn "$SLURM_CONF" "$conf"

pids=()
finish() {
  rm -f "$conf"
  [ -z "${munged:-}" ] || kill "$munged" 2>/dev/null || true
  [ -z "${flow:-}" ] || kill "$flow" 2>/dev/null || true
  [ "${#pids[@]}" -eq 0 ] || kill -9 "${pids[@]}" 2>/dev/null || true
  [ -z "${KEEP:-}" ] && rm -rf "$work" || echo "kept $work"
}
trap finish EXIT
say() { echo "== $(date +%T) $*"; }

# The cluster: munged as its user, the controller, and two nodes with one processor each, which tell their jobs apart by name.
mkdir -p "$work/state" "$work/log" /run/munge
chown munge: /run/munge /var/log/munge /var/lib/munge 2>/dev/null || true
if ! pgrep -x munged >/dev/null; then
  [ -s /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none; chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
  su munge -s /bin/sh -c /usr/sbin/munged
  munged="$(cat /run/munge/munged.pid)"
fi
host="$(hostname -s)"
cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/%n
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/%n.pid
SlurmctldLogFile=$work/log/ctld
SlurmdLogFile=$work/log/%n
SlurmctldPort=16817
SlurmctldTimeout=10
SlurmdTimeout=10
MessageTimeout=10
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=0
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=8000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=8000
PartitionName=p Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
mkdir -p "$work/n1" "$work/n2"
start() { "$@" >"$work/log/$(basename "$1").out" 2>&1 & pids+=("$!"); }
start slurmctld -D
start slurmd -D -N n1
n1="${pids[-1]}"
start slurmd -D -N n2
for _ in $(seq 60); do [ "$(sinfo -h -t idle -o %D 2>/dev/null || true)" = 2 ] && break; sleep 0.5; done
sinfo
[ "$(sinfo -h -t idle -o %D)" = 2 ]

cd "$work"
say "a simulated atlas, a model, and $cells cells to annotate"
node --input-type=module -e '
  import { writeFile } from "node:fs/promises";
  const { simulateH5ad } = await import(process.argv[1]);
  const n = Number(process.argv[2]);
  await writeFile("reference.h5ad", await simulateH5ad("reference", { nReference: 1500 }));
  await writeFile("query.h5ad", await simulateH5ad("query", { nQuery: n }));
' "$root/dist/api/index.js" "$cells"
$atlasmtl train --adata reference.h5ad --labels lineage class type --out model/model.pth --num-epochs 5 --quiet
say "one process"
$atlasmtl predict --model model/model.pth --adata query.h5ad --out results/whole.h5ad --write-mode full --quiet
whole="$(sha256sum <results/whole.h5ad)"

cat >config.yaml <<CONF
samples: { query: query.h5ad }
model: model/model.pth
atlasmtl: $atlasmtl
shards: $shards
threads: 1
result: --write-mode full
CONF
say "$shards shards on the cluster"
run() {
  "$snakemake" --snakefile "$root/workflow/Snakefile" --configfile config.yaml --workflow-profile "$root/workflow/profiles/slurm" \
    --default-resources slurm_account=none slurm_partition=p mem_mb=1000 runtime=10 --latency-wait 5 \
    --slurm-status-command squeue --slurm-init-seconds-before-status-checks 2 --seconds-between-status-checks 2 "$@"
}
run >"$work/log/snakemake" 2>&1 &
flow=$!
SECONDS=0
# Once a quarter of the shards is there and the first node has a job, its daemon and its jobs die.
until [ "$(find shards -name '*.shard' 2>/dev/null | wc -l)" -ge $((shards / 4)) ] && squeue -h -t R -w n1 -o %i | grep -q .; do
  kill -0 "$flow" 2>/dev/null && [ "$SECONDS" -lt 300 ] || { tail -50 "$work/log/snakemake"; exit 1; }
  sleep 0.2
done
say "node n1 is killed with its jobs: $(squeue -h -t R -w n1 -o %i | tr '\n' ' ')"
kill -9 "$n1"
# What runs on it carries its name.
for environ in /proc/[0-9]*/environ; do
  { tr '\0' '\n' <"$environ" | grep -q '^SLURMD_NODENAME=n1$' && kill -9 "$(basename "$(dirname "$environ")")"; } 2>/dev/null || true
done
scontrol update NodeName=n1 State=DOWN Reason=killed
wait "$flow" || { say "the workflow ended with an error, and goes on"; run >>"$work/log/snakemake" 2>&1; }
grep -c "Error in rule shard" "$work/log/snakemake" | sed 's/^/shards that failed: /' || true
grep -E "Trying to restart|steps \(100%\)" "$work/log/snakemake" | sort | uniq -c
merged="$(sha256sum <results/query.h5ad)"
say "one process $whole"
say "merged      $merged"
[ "$whole" = "$merged" ]
grep -q "Error in rule shard" "$work/log/snakemake" || { echo "no shard was lost: nothing was proven"; exit 1; }
say "the same"
