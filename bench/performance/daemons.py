"""Lets processes run side by side, and prints what they took.

Reads {"settleSeconds": s, "seconds": s, "ring": [name, ...], "ringEvery": s, "processes": {name: {"argv": [...], "env": {...}}}}
from stdin. Those that are to be rung get SIGUSR1, which makes the agent look. Prints
{name: {"cpuMs": n, "rings": n, "rss": MB, "pss": MB, "peak": MB}} of the time after the settling.
"""

import json
import os
import signal
import subprocess
import sys
import time


def cpu_ms(pid):
    tasks = os.listdir(f"/proc/{pid}/task")
    return sum(int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0]) for task in tasks) / 1e6


def memory(pid):
    lines = (line.split() for line in open(f"/proc/{pid}/smaps_rollup"))
    return {words[0]: int(words[1]) / 1024 for words in lines if words[0] in ("Rss:", "Pss:")}


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
        peak = dict.fromkeys(running, 0)
        begin = time.monotonic()
        rings = 0
        while time.monotonic() - begin < plan["seconds"]:
            for name in plan["ring"]:
                running[name].send_signal(signal.SIGUSR1)
            rings += 1
            time.sleep(plan["ringEvery"])
            for name, process in running.items():
                peak[name] = max(peak[name], memory(process.pid)["Rss:"])
        result = {}
        for name, process in running.items():
            if process.poll() is not None:
                sys.exit(f"{name} ended with {process.returncode}")
            seen = memory(process.pid)
            result[name] = {
                "cpuMs": cpu_ms(process.pid) - before[name],
                "rings": rings if name in plan["ring"] else 0,
                "rss": seen["Rss:"],
                "pss": seen["Pss:"],
                "peak": peak[name],
            }
        json.dump(result, sys.stdout)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


main()
