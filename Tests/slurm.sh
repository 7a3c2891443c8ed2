#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a Slurm of one node on the loopback and runs a sweep on it as a job array: a task that is killed in the middle, the merge that is given up
# for it, the array again, and the merged table, which must be that of a single process. The argument is the program.
set -euo pipefail
fmtlab=$1
work=$(mktemp -d)
host=$(hostname -s)
port=$((20000 + $$ % 20000))
finish() {
  for signal in TERM KILL; do
    for daemon in slurmd slurmctld munged; do [ -f "$work/$daemon.pid" ] && kill -$signal "$(cat "$work/$daemon.pid")" 2>/dev/null || true; done
    sleep 0.5
  done
  rm -rf "$work"
}
trap finish EXIT
fail() {
  echo "$1" >&2
  tail -n 20 "$work"/*.log "$work"/sweep/slurm/*.log >&2 || true
  exit 1
}
# Waits up to two minutes until a command succeeds.
await() {
  for _ in $(seq 1200); do if "${@:2}" > /dev/null 2>&1; then return 0; fi; sleep 0.1; done
  fail "no $1 within two minutes"
}

chmod 755 "$work"
mkdir "$work/state" "$work/spool"
(umask 077; head -c 1024 /dev/urandom > "$work/munge.key")
cat > "$work/slurm.conf" <<CONF
ClusterName=fmtlab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
CommunicationParameters=NoInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=10 State=UP
CONF
export SLURM_CONF=$work/slurm.conf

munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" --log-file="$work/munged.log" \
  --seed-file="$work/munge.seed" > "$work/munged-start.log" 2>&1 || fail "munged does not start"
slurmctld > "$work/start.log" 2>&1 || fail "slurmctld does not start"
slurmd >> "$work/start.log" 2>&1 || fail "slurmd does not start"
await "node that is idle" sh -c 'sinfo -h -o %T | grep -qx idle'

cat > "$work/sweep.json" <<'JSON'
{"grid": {"format": ["e4m3", "e5m2"], "acc": ["e6m5", "e4m3:16,fp16", "bf16", "fp16"],
          "n": [64, 96, 128, 160, 192, 224, 256, 288, 320, 352], "data": ["normal", "uniform", "digits", "lognormal"], "trials": 400}}
JSON
for directory in sweep single; do "$fmtlab" sweep plan "$work/sweep.json" -o "$work/$directory" --quiet > /dev/null; done
"$fmtlab" sweep slurm "$work/sweep" --shards 4 --sbatch=--time=5 > /dev/null
first=$(sh "$work/sweep/slurm/submit.sh" | sed 's/[^0-9]*//')
array=$((first - 1))
await "result of part 2" sh -c "ls $work/sweep/results/0/1.json $work/sweep/results/0/5.json"
scancel "${array}_2"
await "end of the jobs" sh -c '! squeue -h | grep -q .'
[ ! -e "$work/sweep/merged.csv" ] || fail "merged although part 2 was killed"
"$fmtlab" sweep status "$work/sweep" > /dev/null 2>&1 && fail "part 2 was not killed in the middle" || true

sh "$work/sweep/slurm/submit.sh" > /dev/null
await "merged table" test -s "$work/sweep/merged.csv"
"$fmtlab" sweep run "$work/single" --quiet > /dev/null
"$fmtlab" sweep merge "$work/single" -o "$work/single.csv" > /dev/null
cmp "$work/single.csv" "$work/sweep/merged.csv" || fail "the table of the job array is not that of a single process"
echo "slurm: $(($(wc -l < "$work/single.csv") - 1)) cells in 4 tasks, one of them killed and resumed: the same bytes"
