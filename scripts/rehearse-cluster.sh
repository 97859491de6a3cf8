#!/bin/bash
# A cluster of two hosts on this machine: SLURM, and for each host a network, a name and memory for messages of its own. Runs the ring of
# networks in all the ways that docs/cluster.md names, compares the spikes with those of one process, kills a rank, and cancels a job.
#
#     sudo scripts/rehearse-cluster.sh
#
# For Debian and its kin, as root, where hierarchies of cgroups of version 1 can be mounted. Installs SLURM, Open MPI and MPICH where they are
# missing; all else is gone at the end. Needs a built tree (npm run build). Says what it did line by line; exits with 1 if anything was not as
# it should be.
set -u
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "This makes networks and hosts: run it as root."; exit 1; }
[ -f dist/cli/main.js ] || { echo "Build first: npm run build"; exit 1; }
root=$PWD
work=$(mktemp -d /tmp/synfire-cluster.XXXXXX)
failed=0

install() {
  local missing=
  for program in slurmctld slurmd munged mpirun.openmpi mpiexec.hydra ip nsenter; do command -v $program > /dev/null || missing=yes; done
  [ "$missing" ] || return
  apt-get update > "$work/apt.log" 2>&1
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge openmpi-bin libopenmpi3 mpich libpmix2 iproute2 \
    util-linux >> "$work/apt.log" 2>&1 || { tail -3 "$work/apt.log"; exit 1; }
}

hosts="127.0.0.1 localhost
10.77.0.1 head
10.77.0.11 n1
10.77.0.12 n2"

configure() {
  mkdir -p "$work/state" "$work/munge"
  export SLURM_CONF=$work/slurm.conf
  cat > "$SLURM_CONF" << CONF
ClusterName=rehearsal
SlurmctldHost=head(10.77.0.1)
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool.%n
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.%n.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
TmpFS=/dev/shm
NodeName=n1 NodeAddr=10.77.0.11 CPUs=2
NodeName=n2 NodeAddr=10.77.0.12 CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES
CONF
  echo CgroupPlugin=cgroup/v1 > "$work/cgroup.conf"
  echo "$hosts" > "$work/hosts"
  dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 2> /dev/null
  chmod 700 "$work/munge"
}

start() {
  munged --force --socket="$work/munge/socket" --key-file="$work/munge/key" --pid-file="$work/munge/pid" --log-file="$work/munge/log" \
    --seed-file="$work/munge/seed"
  chmod 711 "$work/munge"
  ip link add synfire0 type bridge && ip addr add 10.77.0.1/24 dev synfire0 && ip link set synfire0 up || exit 1
  setsid unshare -u -m bash -c "hostname head; mount --bind $work/hosts /etc/hosts; slurmctld; echo \$\$ > $work/head.pid; exec sleep infinity" \
    > "$work/head.out" 2>&1 < /dev/null &
  disown
  for k in 1 2; do
    ip netns add synfire$k
    ip link add synfire$k type veth peer name eth0 netns synfire$k
    ip link set synfire$k master synfire0 up
    ip -n synfire$k addr add 10.77.0.1$k/24 dev eth0
    ip -n synfire$k link set eth0 up
    ip -n synfire$k link set lo up
    cat > "$work/n$k.sh" << HOST
hostname n$k
mount --bind $work/hosts /etc/hosts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /sys/fs/cgroup
for c in freezer memory cpuset cpu cpuacct devices; do mkdir /sys/fs/cgroup/\$c; mount -t cgroup -o \$c none /sys/fs/cgroup/\$c; done
slurmd -N n$k
exec sleep infinity
HOST
    setsid ip netns exec synfire$k unshare -u -i -m bash "$work/n$k.sh" > "$work/n$k.out" 2>&1 < /dev/null &
    disown
  done
  for _ in $(seq 40); do
    [ "$(on_head sinfo -h -t idle -o %D 2> /dev/null)" = 2 ] && return
    sleep 0.5
  done
  echo "The hosts do not come up:"
  tail -n 5 "$work"/*.log "$work"/*.out
  exit 1
}

stop() {
  for f in "$work"/slurmd.*.pid "$work/slurmctld.pid" "$work/munge/pid" "$work/head.pid"; do [ -f "$f" ] && kill "$(cat "$f")" 2> /dev/null; done
  sleep 1
  for k in 1 2; do
    ip netns pids synfire$k 2> /dev/null | xargs -r kill -9 2> /dev/null
    ip link del synfire$k 2> /dev/null
    ip netns del synfire$k 2> /dev/null
  done
  ip link del synfire0 2> /dev/null
  [ $failed = 0 ] && rm -rf "$work" || echo "Everything that was written is in $work."
}

on_head() { timeout 60 nsenter -t "$(cat "$work/head.pid")" -u -m "$@"; }

tell() {
  echo "$1  $2"
  [ "$1" = ok ] || failed=1
}

small="order=250 simtime=300 networks=4"
long="order=50 simtime=20000 networks=4"

# submit NAME RANKS-PER-HOST LAUNCHER WORDS...: a job like those of docs/cluster.md
submit() {
  cat > "$work/$1.sh" << JOB
#!/bin/bash
#SBATCH --job-name=$1
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=$2
#SBATCH --chdir=$root
#SBATCH --output=$work/$1.log
$3 $(command -v node) $root/dist/cli/main.js run examples/ring.ts --json --threads 1 --out $work/$1 ${@:4}
JOB
  on_head sbatch --parsable "${wait[@]}" "$work/$1.sh" > "$work/$1.id"
}

alone() { node dist/cli/main.js run examples/ring.ts --json --device cpu --out "$work/$1" ${@:2} > "$work/$1.log" 2>&1; }

# compare NAME REFERENCE WHAT
compare() {
  if cmp -s "$work/$1/spikes.csv" "$work/$2/spikes.csv"; then
    tell ok "$3: $(($(wc -l < "$work/$1/spikes.csv") - 1)) spikes, those of one process"
  else
    tell FAILED "$3: $(tail -n 2 "$work/$1.log" | cut -c1-200)"
  fi
}

# kept NAME RANK: what a rank has saved are spikes of the undisturbed run
kept() {
  local file=$work/$1/spikes-of-rank-$2.csv
  [ -s "$file" ] && [ "$(wc -l < "$file")" -gt 100 ] && [ "$(sort "$file" | comm -23 - "$work/undisturbed.sorted" | wc -l)" = 0 ]
}

wait_for_end() {
  for _ in $(seq 120); do
    [ -z "$(on_head squeue -h -j "$1" 2> /dev/null)" ] && break
    sleep 0.5
  done
  # its output may be written still
  sleep 1
}

trap stop EXIT
install
configure
start
echo "SLURM $(slurmctld -V | cut -d' ' -f2), $(mpirun.openmpi --version | head -1), MPICH $(mpichversion | awk '/^MPICH Version/ { print $3 }')"
alone one $small
mpich="env SYNFIRE_MPI_LIBRARY=libmpich.so.12"
wait=(--wait)
submit pmix 2 "srun --mpi=pmix --cpu-bind=none" --device cpu $small
compare pmix one "srun --mpi=pmix, Open MPI, 2 hosts with 2 ranks each"
submit pmi2 2 "srun --mpi=pmi2 --cpu-bind=none $mpich" --device cpu $small
compare pmi2 one "srun --mpi=pmi2, MPICH, the same"
submit openmpi 2 "mpirun.openmpi --allow-run-as-root --bind-to none" --device cpu $small
compare openmpi one "mpirun of Open MPI within a job, the same"
submit mpich 2 "$mpich mpiexec.hydra" --device cpu $small
compare mpich one "mpiexec of MPICH within a job, the same"

if command -v g++ > /dev/null; then
  g++ -O2 -shared -fPIC test/cuda-emulator/emulator.cpp -o "$work/emulator.so"
  tiny="order=20 simtime=50 presim=20 networks=2"
  alone tiny $tiny
  emulated="env SYNFIRE_CUDA_LIBRARY=$work/emulator.so SYNFIRE_NVRTC_LIBRARY=$work/emulator.so SYNFIRE_CACHE=$work/cache"
  submit gpus 1 "srun --mpi=pmix --cpu-bind=none $emulated" --device cuda $tiny
  compare gpus tiny "2 hosts with an emulated GPU each"
fi

alone undisturbed $long
sort "$work/undisturbed/spikes.csv" > "$work/undisturbed.sorted"
wait=()
for mpi in pmix pmi2; do
  [ $mpi = pmi2 ] && library=$mpich || library=""
  submit killed-$mpi 1 "srun --mpi=$mpi --cpu-bind=none $library" --device cpu $long
  sleep 5
  for p in $(ip netns pids synfire2); do grep -qa "ring.ts" "/proc/$p/cmdline" && [ "$(basename "$(readlink "/proc/$p/exe")")" = node ] && kill -9 "$p"; done
  began=$(date +%s)
  wait_for_end "$(cat "$work/killed-$mpi.id")"
  took=$(($(date +%s) - began))
  # with pmi2, srun may end before it has passed on what ranks said last
  said="rank 1 (process [0-9]* on n2) ended"
  if kept killed-$mpi 0 && [ $took -le 10 ] && { [ $mpi = pmi2 ] || grep -q "$said" "$work/killed-$mpi.log"; }; then
    tell ok "a rank killed on the other host, $mpi: noticed, the job ended within $took s, what was recorded is kept"
  else
    tell FAILED "a rank killed on the other host, $mpi: $took s, $(grep -a synfire: "$work/killed-$mpi.log" | head -1)"
  fi
done
submit cancelled 1 "srun --mpi=pmix --cpu-bind=none" --device cpu $long
sleep 5
on_head scancel "$(cat "$work/cancelled.id")"
wait_for_end "$(cat "$work/cancelled.id")"
if kept cancelled 0 && kept cancelled 1; then
  tell ok "scancel: what was recorded is kept on both hosts"
else
  tell FAILED "scancel: $(tail -n 2 "$work/cancelled.log" | cut -c1-200)"
fi
exit $failed
