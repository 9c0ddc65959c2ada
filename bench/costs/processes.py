"""Lets processes run side by side, and prints what each took.

Reads {"settleSeconds": s, "seconds": s, "processes": {name: {"argv": [...], "env": {...}}}} from stdin; prints
{name: {"cpuMs": n, "rss": MB}}: the CPU time after the settling, and the resident set at the end.
"""

import json
import os
import subprocess
import sys
import time


def cpu_ms(pid):
    tasks = os.listdir(f"/proc/{pid}/task")
    return sum(int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]) for task in tasks) / 1e6


def resident_mb(pid):
    lines = (line.split() for line in open(f"/proc/{pid}/smaps_rollup"))
    return next(int(words[1]) / 1024 for words in lines if words[0] == "Rss:")


def main():
    plan = json.load(sys.stdin)
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = {
        name: subprocess.Popen(process["argv"], env=process["env"], **quiet)
        for name, process in plan["processes"].items()
    }
    try:
        time.sleep(plan["settleSeconds"])
        before = {name: cpu_ms(process.pid) for name, process in running.items()}
        time.sleep(plan["seconds"])
        result = {}
        for name, process in running.items():
            if process.poll() is not None:
                sys.exit(f"{name} ended with {process.returncode}")
            result[name] = {"cpuMs": cpu_ms(process.pid) - before[name], "rss": resident_mb(process.pid)}
        json.dump(result, sys.stdout)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


main()
