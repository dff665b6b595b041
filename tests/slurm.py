"""A SLURM cluster on this machine: the real controller, node daemon and authentication, two partitions, two made-up GPUs.

It needs Debian's packages ``slurm-wlm`` and ``munge``, and root. No database, no systemd; everything lies in one folder, and
is stopped by process id.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")

CONFIG = """\
ClusterName=fixture
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.daemon.pid
SlurmdPidFile={root}/slurmd.daemon.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={root}/jobcomp.txt
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MinJobAge=3600
KillWait=5
InactiveLimit=0
SlurmdParameters=config_overrides
MailProg=/bin/true
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:fake:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=12:00:00 DefMemPerCPU=100 State=UP
PartitionName=gpu Nodes={host} MaxTime=12:00:00 DefMemPerCPU=100 State=UP
"""


def missing() -> list[str]:
    """Why no cluster can be started here; empty if one can."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    reasons = [f"{', '.join(absent)} not installed"] if absent else []
    return reasons + (["not root"] if os.geteuid() else [])


class Cluster:
    """A cluster, from its start to :meth:`stop`.

    Args:
        root: folder for everything; its path must be short enough for a socket.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.host = root, socket.gethostname().split(".")[0]
        self.processes: dict[str, subprocess.Popen] = {}
        for folder in ("state", "spool", "dev", "bin"):
            (root / folder).mkdir(parents=True)
        root.chmod(0o755)
        self.environment = os.environ | {"SLURM_CONF": str(root / "slurm.conf"), "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
        self._configure()
        self.start("munged")
        self.start("slurmctld")
        self.start("slurmd")
        self.wait_for_node("idle")

    def _configure(self) -> None:
        ports = {"controller": _free_port(), "node": _free_port()}
        (self.root / "slurm.conf").write_text(CONFIG.format(host=self.host, root=self.root, **ports))
        for number in range(2):  # character devices, as a GPU's are; a mere count leaves the node invalid
            subprocess.run(["mknod", "-m", "666", str(self.root / f"dev/gpu{number}"), "c", "1", "3"], check=True)
        (self.root / "gres.conf").write_text(f"NodeName={self.host} Name=gpu Type=fake File={self.root}/dev/gpu[0-1]\n")
        key = self.root / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        # The executor takes SLURM_CONF away before it starts a step; a cluster has its config in /etc, this one has not.
        shim = self.root / "bin/srun"
        shim.write_text(f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        shim.chmod(0o755)

    def start(self, daemon: str) -> None:
        """Start one of the daemons."""
        r = self.root
        munge = [f"--key-file={r}/munge.key", f"--socket={r}/munge.socket", f"--pid-file={r}/munged.pid", f"--log-file={r}/munged.log"]
        commands = {
            "munged": ["munged", "-F", "--force", *munge, f"--seed-file={r}/munged.seed"],
            "slurmctld": ["slurmctld", "-D", "-f", f"{r}/slurm.conf"],
            "slurmd": ["slurmd", "-D", "-f", f"{r}/slurm.conf"],
        }
        with (r / f"{daemon}.out").open("ab") as output:
            self.processes[daemon] = subprocess.Popen(commands[daemon], env=self.environment, stdout=output, stderr=output)
        if daemon == "munged":
            _wait(lambda: (r / "munge.socket").exists(), "munged")

    def kill(self, daemon: str, *, hard: bool = False) -> None:
        """End one of the daemons."""
        process = self.processes.pop(daemon)
        process.kill() if hard else process.terminate()
        process.wait(timeout=30)

    def run(self, *command: str) -> str:
        """Output of one of SLURM's commands."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=60).stdout

    def wait_for_node(self, state: str) -> None:
        """Wait until the node is in a state."""

        def reached() -> bool:
            try:
                return set(self.run("sinfo", "-h", "-o", "%T").split()) == {state}
            except subprocess.CalledProcessError:
                return False

        _wait(reached, f"the node to be {state}; see {self.root}")

    def jobs(self) -> list[dict[str, str]]:
        """Every job that has ended, as the controller logged it."""
        log = self.root / "jobcomp.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        return [dict(part.partition("=")[::2] for part in line.split() if "=" in part) for line in lines]

    def stop(self) -> None:
        """Cancel all jobs and end the daemons."""
        if "slurmctld" in self.processes:
            subprocess.run(["scancel", "--user=root"], env=self.environment, check=False, capture_output=True, timeout=30)
        for daemon in ("slurmd", "slurmctld", "munged"):
            if daemon in self.processes:
                self.kill(daemon, hard=daemon == "munged")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait(reached, what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)
