"""A batch in a process of its own, for tests that stop it."""

import subprocess
import sys
import time

from batch.small import recorded

RUN = """
import sys
from vcmodel.batch import run_job
summary = run_job(*sys.argv[1:3], executor=sys.argv[3], workers=2)
print(summary)
sys.exit(summary.exit_code)
"""


def started(job, out, executor="serial"):
    return subprocess.Popen([sys.executable, "-c", RUN, str(job), str(out), executor], stdout=subprocess.PIPE, text=True)


def wait_for(out, count, process):
    while recorded(out) < count and process.poll() is None:
        time.sleep(0.005)
