# SPDX-License-Identifier: GPL-2.0
"""Run jobs that depend on one another, at most as many at a time as there are CPUs.

The CPUs are the tokens of a jobserver as GNU make has it (make's manual, "Sharing Job
Slots"): each job takes one, and the makes among the jobs take more while no job
that is ready wants them.  A make needs read and write end of the pipe: start commands
with pass_fds=graph.fds.
"""
import os, select, sys, threading, time


class Job:
    """One job: run() raises an exception if it fails; its dependents are not started then.
    cost: seconds it is expected to take."""

    def __init__(self, name, run, after=(), cost=20):
        self.name, self.run, self.after, self.cost = name, run, list(after), cost
        self.state, self.error, self.value, self.start, self.took = "waiting", None, None, 0, 0


class Needs(Exception):
    """A job was not started, because one that it needs failed."""


class Graph:
    def __init__(self, jobs, slots, finished, progress):
        """finished(job) after each, from one thread at a time; progress(text) from time to time."""
        self.jobs, self.slots = {j.name: j for j in jobs}, slots
        self.finished, self.progress = finished, progress
        self.change = threading.Condition()
        self.fds = os.pipe()
        os.write(self.fds[1], b"+" * slots)
        os.environ["MAKEFLAGS"] = " -j%d --jobserver-auth=%d,%d" % (slots, *self.fds)
        os.environ["TEST_JOBSERVER"] = "1"
        for j in jobs:
            j.after = [a for a in j.after if a in self.jobs]
        self.begin, self.rank = time.time(), {}
        for j in jobs:
            self.path(j)

    def path(self, job):
        """Seconds from the start of a job to the end of the last that needs it."""
        if job.name not in self.rank:
            self.rank[job.name] = job.cost + max(
                (self.path(j) for j in self.jobs.values() if job.name in j.after), default=0)
        return self.rank[job.name]

    def token(self):
        """One CPU, or nothing if none is free for half a second."""
        if not select.select([self.fds[0]], [], [], 0.5)[0]:
            return None
        try:
            return os.read(self.fds[0], 1)
        except BlockingIOError:          # a make was faster; it made the pipe non-blocking
            return None

    def work(self, job, token):
        try:
            job.value, state = job.run(), "done"
        except Exception as e:           # whatever it is, this job has failed
            job.error, state = e, "failed"
        job.took = time.time() - job.start
        os.write(self.fds[1], token)
        with self.change:
            job.state = state
            self.finished(job)
            self.change.notify()

    def seconds_left(self):
        now, left = time.time(), 0
        for j in self.jobs.values():
            if j.state == "waiting":
                left += j.cost
            elif j.state == "running":
                left += max(j.cost - (now - j.start), 2)
        return left / self.slots

    def status(self):
        states = [j.state for j in self.jobs.values()]
        now = [f"{j.name} ({self.detail(j)})" for j in self.jobs.values() if j.state == "running"]
        return (f"{states.count('done') + states.count('failed')} of {len(states)} jobs done, {states.count('failed')} failed, "
                f"about {self.seconds_left() / 60:.0f} min left; now: {', '.join(now)}")

    def detail(self, job):
        return f"{time.time() - job.start:.0f} s"

    def give_up(self):
        """Jobs that need one that failed fail as well; true if there was one."""
        found = False
        for j in self.jobs.values():
            bad = next((a for a in j.after if self.jobs[a].state == "failed"), None)
            if j.state == "waiting" and bad:
                j.state, j.error, found = "failed", Needs(f"needs {bad}, which failed"), True
                self.finished(j)
        return found

    def run(self):
        with self.change:
            while True:
                self.progress(self)
                while self.give_up():
                    pass
                ready = [j for j in self.jobs.values() if j.state == "waiting" and
                         all(self.jobs[a].state == "done" for a in j.after)]
                running = any(j.state == "running" for j in self.jobs.values())
                if not ready and not running:
                    return
                if not ready:
                    self.change.wait(1)
                    continue
                self.change.release()
                try:
                    token = self.token()
                finally:
                    self.change.acquire()
                if token:
                    job = max(ready, key=lambda j: self.rank[j.name])
                    job.state, job.start = "running", time.time()
                    threading.Thread(target=self.work, args=(job, token), daemon=True).start()


class Status:
    """Tells how far a graph is: a line that is rewritten on a terminal, one a minute in a log."""

    def __init__(self, t0):
        self.t0, self.last, self.tty = t0, 0, sys.stdout.isatty()

    def __call__(self, graph):
        now = time.time()
        if now - self.last < (1 if self.tty else 60):
            return
        text = f"# [{now - self.t0:4.0f}s] {graph.status()}"
        if self.tty:
            width = os.get_terminal_size().columns - 1
            print(f"\r\033[K{text[:width]}", end="", flush=True)
        elif self.last:
            print(text, flush=True)
        self.last = now

    def clear(self):
        if self.tty:
            print("\r\033[K", end="")
