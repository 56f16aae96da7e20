"""Runs a command for benchmarks/programs.py, and prints the most memory that it had at once as the last line.

A process of its own and a small one: a child's peak counts from what its parent had when it was started. The command
is stopped when standard input ends, and has then done well.
"""

import os
import subprocess
import sys
import threading

with subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL) as process:
    stopped = threading.Event()

    def stop_with_input() -> None:
        os.read(0, 1)
        stopped.set()
        process.kill()

    threading.Thread(target=stop_with_input, daemon=True).start()
    peak = 0
    if hasattr(os, "wait4"):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    process.wait()
print(f"\npeak bytes: {peak}", flush=True)
os._exit(0 if stopped.is_set() else abs(process.returncode))
