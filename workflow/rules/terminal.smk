# What a run shows and tells: stages, what will be missing, what came out, what failed. No rules.

import atexit
import os
import shlex
import time

from cuealign.config.workflow import missing_devices, missing_downloads
from cuealign.reporting import summary
from cuealign.runtime.gpus import gpu_names
from cuealign.runtime.logs import error_in, read, warnings_in
from cuealign.terminal.handler import ALWAYS, show_stages
from cuealign.terminal.stages import grouped, who

STARTED = time.time()
TITLES = {name: entry.title for name, entry in (settings.datasets | settings.models).items()}


@cache
def gpus_here():
    """Names of the GPUs of this machine."""
    return gpu_names()


def models_to_run():
    """Models that the jobs to come ask."""
    jobs = list(workflow.dag.needrun_jobs(exclude_finished=False))  # a dry run finishes them too
    return sorted({job.wildcards.model for job in jobs if job.rule.name.endswith(("respond", "respond_on_gpu"))})


def missing_here(models):
    """One line for each thing that models will lack when they run."""
    on_cluster = workflow.resource_settings.nodes is not None
    return [
        *missing_checkpoints(settings, models),
        *missing_downloads(settings, [name for name in models if not settings.models[name].training]),
        *([] if on_cluster else missing_devices(settings, models, gpus_here())),
    ]


def tell(parts):
    """Show paragraphs at the end of a run, in any output."""
    snakemake_logger.info("\n" + "\n\n".join(parts) + "\n", extra={ALWAYS: True})


def outcome():
    """What came out of what was asked for."""
    outputs = {str(file) for job in workflow.dag.jobs for file in job.output}
    return summary.outcome(outputs, EXPERIMENTS, TITLES)


def warned(jobs):
    """Warnings of jobs that ran, each with the name of what it is about."""
    return grouped(
        (message, job.wildcards_dict)
        for job in jobs
        for file in job.log
        for message in warnings_in(read(file, since=STARTED))
    )


def ran():
    """Jobs of this run that ended, in the order of the study."""
    return [job for level in workflow.dag.toposorted() for job in sorted(level, key=str) if workflow.dag.finished(job)]


def failed():
    """Of each job that failed its name, its error and its log."""
    jobs = [job for job in workflow.dag.needrun_jobs() if job.log]
    logs = [(job, file, error_in(read(file, since=STARTED))) for job in jobs for file in job.log]
    return sorted((f"{job.rule.name} {who(job.wildcards_dict)}", error, file) for job, file, error in logs if error)


def tell_what_will_be_missing():
    """At the end of a dry run: what the real one would lack."""
    if not getattr(workflow, "_dag", None) or not (missing := missing_here(models_to_run())):
        return
    print("\nMissing when this runs:", *(f"  {line}" for line in missing), sep="\n")


if len(workflow.modifier_stack) == 1 and workflow.is_main_process:
    if workflow.output_settings.dryrun:
        atexit.register(tell_what_will_be_missing)
    else:
        show_stages(workflow, at_rest=lambda: "\n\n".join(outcome()))


onstart:
    # A dry run shows the whole plan. A real run must not start what it cannot finish.
    if problems := missing_checkpoints(settings, models_to_run()):
        raise ConfigError("\n".join(problems))


onsuccess:
    tell([*outcome(), *summary.warnings(warned(ran())), summary.took(time.time() - STARTED)])


onerror:
    # Of `python -m snakemake`, what was called is a file that cannot be run.
    as_module = Path(sys.argv[0]).name == "__main__.py"
    program = sys.executable if as_module else sys.argv[0]
    program = os.path.relpath(program) if IN_CLONE else program
    command = shlex.join([program, *["-m", "snakemake"] * as_module, *sys.argv[1:]])
    tell(
        [*summary.warnings(warned(ran())), *summary.failure(failed(), command), summary.took(time.time() - STARTED)]
    )
