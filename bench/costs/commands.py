"""Runs commands in turn, round after round, and prints what each run took.

Reads {"rounds": n, "commands": {name: {"argv": [...], "env": {...}}}} from stdin; prints {name: [[wall ms, CPU ms, MB], ...]}.
CPU includes the command's own children; MB is the largest resident set among them.
"""

import json
import os
import sys
import time


def run(argv, env):
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    start = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, env, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{argv} ended with {os.waitstatus_to_exitcode(status)}")
    return [wall * 1000, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024]


def main():
    plan = json.load(sys.stdin)
    commands = plan["commands"]
    names = list(commands)
    runs = {name: [] for name in names}
    for turn in range(plan["rounds"] + 1):
        # Each round begins with another one, so that none is always the first after a pause.
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            taken = run(commands[name]["argv"], commands[name]["env"])
            # The first round warms the caches of files.
            if turn > 0:
                runs[name].append(taken)
    json.dump(runs, sys.stdout)


main()
