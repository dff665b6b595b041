"""A SLURM cluster on this machine: the real controller, node daemons and authentication; two nodes with two made-up GPUs each.

It needs Debian's packages ``slurm-wlm`` and ``munge``, and root; with ``slurmdbd`` and ``mariadb-server`` too, it keeps accounts
in a database, as most clusters do. No systemd; everything lies in one folder, and is stopped by process id.
"""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from tests.support import ROOT
from tests.support.workflow import command

NODES = ("n1", "n2")
# A machine has few requests of this kind, shared by all databases that run on it.
NO_NATIVE_AIO = "--innodb-use-native-aio=0"
DATABASE = ("slurmdbd", "mariadbd", "mariadb-install-db", "mariadb", "sacctmgr", "sacct")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "sinfo")

CONFIG = """\
ClusterName=fixture
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool/%n
SlurmctldPidFile={root}/slurmctld.daemon.pid
SlurmdPidFile={root}/slurmd.%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
{accounting}
JobCompType=jobcomp/filetxt
JobCompLoc={root}/jobcomp.txt
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
MessageTimeout=5
MinJobAge=3600
KillWait=5
InactiveLimit=0
SlurmdParameters=config_overrides
MailProg=/bin/true
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1} CPUs=8 RealMemory=64000 Gres=gpu:fake:2 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2} CPUs=8 RealMemory=64000 Gres=gpu:fake:2 State=UNKNOWN
PartitionName=cpu Nodes=n1,n2 Default=YES MaxTime=12:00:00 DefMemPerCPU=100 State=UP
PartitionName=gpu Nodes=n1,n2 MaxTime=12:00:00 DefMemPerCPU=100 PriorityTier=1 PreemptMode=REQUEUE State=UP
PartitionName=urgent Nodes=n1,n2 MaxTime=12:00:00 DefMemPerCPU=100 PriorityTier=9 PreemptMode=OFF State=UP
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
"""

NO_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd}
AccountingStoragePass={root}/munge.socket
AccountingStorageEnforce=associations"""

SLURMDBD = """\
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={slurmdbd}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
LogFile={root}/slurmdbd.log
PidFile={root}/slurmdbd.daemon.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadbd}
StorageUser=slurm
StoragePass={password}
StorageLoc=accounts
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

    Attributes:
        database: whether it has one.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.host = root, socket.gethostname().split(".")[0]
        self.database = all(shutil.which(program) for program in DATABASE)
        self.ports = dict(zip(("controller", *NODES, "slurmdbd", "mariadbd"), _free_ports(5), strict=True))
        self.processes: dict[str, subprocess.Popen] = {}
        self.frozen: list[psutil.Process] = []
        for folder in ("state", "spool", "dev", "bin"):
            (root / folder).mkdir(parents=True)
        root.chmod(0o755)
        self.environment = os.environ | {"SLURM_CONF": str(root / "slurm.conf"), "PATH": f"{root / 'bin'}:{os.environ['PATH']}"}
        self._configure()
        self.start("munged")
        if self.database:
            self._start_database()
        self.start("slurmctld")
        for node in NODES:
            self.start(node)
        self.wait_for_nodes("idle")

    def _configure(self) -> None:
        self.account(in_database=self.database)
        for number in range(2):  # character devices, as a GPU's are; a mere count leaves the node invalid
            subprocess.run(["mknod", "-m", "666", str(self.root / f"dev/gpu{number}"), "c", "1", "3"], check=True)
        (self.root / "gres.conf").write_text(f"NodeName={','.join(NODES)} Name=gpu Type=fake File={self.root}/dev/gpu[0-1]\n")
        key = self.root / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        # The executor takes SLURM_CONF away before it starts a step; a cluster has its config in /etc, this one has not.
        shim = self.root / "bin/srun"
        shim.write_text(f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        shim.chmod(0o755)

    def account(self, *, in_database: bool) -> None:
        """Write the config; daemons read it when they start."""
        values = {"host": self.host, "root": self.root, **self.ports}
        accounting = ACCOUNTING.format(**values) if in_database else NO_ACCOUNTING
        (self.root / "slurm.conf").write_text(CONFIG.format(accounting=accounting, **values))

    def _start_database(self) -> None:
        r, password = self.root, secrets.token_hex(8)
        config = r / "slurmdbd.conf"
        config.write_text(SLURMDBD.format(host=self.host, root=r, password=password, **self.ports))
        config.chmod(0o600)
        install = ["mariadb-install-db", "--no-defaults", "--user=root", "--auth-root-authentication-method=normal", NO_NATIVE_AIO]
        done = subprocess.run([*install, f"--datadir={r}/mariadb"], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        self.start("mariadbd")
        may = "".join(
            f"create user slurm@'{place}' identified by '{password}'; grant all on accounts.* to slurm@'{place}';"
            for place in ("localhost", "127.0.0.1")
        )
        self.run("mariadb", "--no-defaults", f"--socket={r}/mariadb.socket", "--user=root", f"--execute={may} create database accounts")
        self.start("slurmdbd")
        self.run("sacctmgr", "--immediate", "add", "cluster", "fixture")
        self.run("sacctmgr", "--immediate", "add", "account", "myaccount", "cluster=fixture")
        self.run("sacctmgr", "--immediate", "add", "user", "root", "account=myaccount", "cluster=fixture")

    def start(self, daemon: str) -> None:
        """Start one of the daemons."""
        r = self.root
        munge = [f"--key-file={r}/munge.key", f"--socket={r}/munge.socket", f"--pid-file={r}/munged.pid", f"--log-file={r}/munged.log"]
        commands = {
            "munged": ["munged", "-F", "--force", *munge, f"--seed-file={r}/munged.seed"],
            "mariadbd": [
                *("mariadbd", "--no-defaults", "--user=root", "--bind-address=127.0.0.1", f"--port={self.ports['mariadbd']}"),
                *(NO_NATIVE_AIO, f"--datadir={r}/mariadb", f"--socket={r}/mariadb.socket", f"--pid-file={r}/mariadbd.pid"),
            ],
            "slurmdbd": ["slurmdbd", "-D"],
            "slurmctld": ["slurmctld", "-D", "-f", f"{r}/slurm.conf"],
        } | {node: ["slurmd", "-D", "-N", node, "-f", f"{r}/slurm.conf"] for node in NODES}
        with (r / f"{daemon}.out").open("ab") as output:
            self.processes[daemon] = subprocess.Popen(commands[daemon], env=self.environment, stdout=output, stderr=output)
        answers = {
            "munged": lambda: (r / "munge.socket").exists(),
            "mariadbd": lambda: (r / "mariadb.socket").exists(),
            "slurmdbd": lambda: self.answers("sacctmgr", "--noheader", "list", "cluster"),
        }
        if daemon in answers:
            _wait(answers[daemon], daemon)

    def kill(self, daemon: str, *, hard: bool = False) -> None:
        """End one of the daemons."""
        process = self.processes.pop(daemon)
        process.kill() if hard else process.terminate()
        process.wait(timeout=300)

    def restart(self, daemon: str) -> None:
        """End one of the daemons and start it again."""
        self.kill(daemon)
        self.start(daemon)
        self.wait_for_nodes("idle")

    def lose(self, node: str) -> None:
        """A node loses its power: daemon and jobs are gone, and the controller takes notice."""
        self.kill(node, hard=True)
        for process in self.processes_of_jobs(node):
            process.kill()
        self.run("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def processes_of_jobs(self, node: str) -> list[psutil.Process]:
        """What the node's jobs run, and the daemons that watch over them."""
        found = {}
        for process in psutil.process_iter():
            try:
                mine = process.environ()
                if (mine.get("SLURM_CONF"), mine.get("SLURMD_NODENAME")) == (self.environment["SLURM_CONF"], node):
                    watching = [parent for parent in process.parents() if parent.name().startswith("slurmstepd")]
                    found |= {each.pid: each for each in [*watching, process]}
            except psutil.Error:  # it has just ended
                continue
        return list(found.values())

    def freeze(self) -> None:
        """Stop what jobs compute, and leave them running, until :meth:`thaw`: what a test does to them then comes in time."""
        for process in [each for node in NODES for each in self.processes_of_jobs(node)]:
            if process.name().startswith("python"):
                process.suspend()
                self.frozen.append(process)

    def thaw(self) -> None:
        """Let jobs go on, those of them that are still there."""
        for process in self.frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()
        self.frozen = []

    def answers(self, *command: str) -> bool:
        """Whether one of SLURM's commands succeeds."""
        return subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=300).returncode == 0

    def run(self, *command: str) -> str:
        """Output of one of SLURM's commands."""
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True, timeout=300).stdout

    def wait_for_nodes(self, state: str) -> None:
        """Wait until all nodes are in a state."""

        def reached() -> bool:
            try:
                return set(self.run("sinfo", "-h", "-o", "%T").split()) == {state}
            except subprocess.CalledProcessError:
                return False

        _wait(reached, f"the nodes to be {state}; see {self.root}")

    def jobs(self) -> list[dict[str, str]]:
        """Every job that has ended, as the controller logged it."""
        log = self.root / "jobcomp.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        return [dict(part.partition("=")[::2] for part in line.split() if "=" in part) for line in lines]

    def stop(self) -> None:
        """Cancel all jobs and end the daemons."""
        if "slurmctld" in self.processes:
            subprocess.run(["scancel", "--user=root"], env=self.environment, check=False, capture_output=True, timeout=300)
        for daemon in (*NODES, "slurmctld", "slurmdbd", "mariadbd", "munged"):
            if daemon in self.processes:
                self.kill(daemon, hard=daemon == "munged")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as opened:
        found = [opened.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


def _wait(reached, what: str, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.1)


# ---------------------------------------------------------------- driving a study through it

# What a fixture differs in from a cluster: nobody wants to wait. While nothing ends, the executor asks after 8 s, 18 s more,
# 28 s more and so on; a job that is to fail has failed by the first time.
FIXTURE = (
    *("--latency-wait", "5", "--max-status-checks-per-second", "1"),
    *("--slurm-init-seconds-before-status-checks", "8", "--seconds-between-status-checks", "1"),
)
# The embedded model runs on the CPU; tagged as if it needed a GPU, its jobs must go where the GPUs are.
TAGGED = ("--set-resources", "respond:gpu=1", "respond:slurm_partition=gpu")
PROFILE = ("--workflow-profile", str(ROOT / "profiles/slurm"))


def environment(cluster: Cluster) -> dict[str, str]:
    """Of a driver: SLURM's commands, and none of this library."""
    found = {key: value for key, value in cluster.environment.items() if key != "PYTHONPATH"}
    return found | {"PATH": f"{cluster.root / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"}


def start(cluster: Cluster, folder: Path, *targets: str, options: Sequence[str] = (), configfile: Path | None = None) -> subprocess.Popen:
    """Start a driver, which writes to ``driver.log``."""
    line = command(folder, *PROFILE, *FIXTURE, *TAGGED, *options, "--", *targets, configfile=configfile)
    with (folder / "driver.log").open("ab") as log:
        # Tests that run in the background ignore interrupts, and so would all that they start.
        return subprocess.Popen(["env", "--default-signal=INT", *line], cwd=folder, env=environment(cluster), stdout=log, stderr=log)


def finish(driver: subprocess.Popen, folder: Path) -> None:
    """Wait for a driver to succeed."""
    assert driver.wait(timeout=3000) == 0, (folder / "driver.log").read_text()[-4000:]


def conditions(folder: Path) -> dict[Path, bytes]:
    """Every file of metrics of a study."""
    return {path.relative_to(folder): path.read_bytes() for path in sorted((folder / "results/metrics").rglob("*.csv"))}
