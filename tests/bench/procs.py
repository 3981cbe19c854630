# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Processes that the bench starts: each in the bench's own folder, pinned, and ended by its id.

A child dies with the bench, however that ends, so no busy-polling switch is ever left behind.
"""

import atexit
import ctypes
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time


class BenchError(Exception):
    """Something that the bench cannot go on without, in words for the person who ran it."""


AUTOGROUP = "/proc/self/autogroup"
SYS_TGKILL = 234  # x86-64, as all of this bench
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)

_children = []
_folders = []


def say(text):
    print(text, flush=True)


def folder(prefix):
    """A private folder with a short path (UNIX sockets allow 107 characters), removed at the end."""
    path = tempfile.mkdtemp(prefix=f"xvio-{prefix}-", dir="/tmp")
    _folders.append(path)
    return path


def folder_remove(path):
    """Safe to call twice."""
    if path in _folders:
        _folders.remove(path)
    shutil.rmtree(path, ignore_errors=True)


def _go_first():
    """
    The bench and its children, which inherit it, go before everything else on this machine, if we
    may; what disturbs all the same is measured. The kernel groups by session, so all of a session.
    """
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
        with open(AUTOGROUP, "w") as file:
            file.write("-20")
    except OSError:
        pass  # not root, or a kernel without such groups


def _child_setup(cores):
    """Dies with the bench; on these cores; not what a terminal's Ctrl-C means."""
    def setup():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cores)
        os.setpgrp()

    return setup


def spawn(argv, cores, log, stdin=subprocess.DEVNULL, stdout=None, env=None):
    """Starts argv on the given cores; what it prints goes to the file log unless stdout says where."""
    with open(log, "ab") as out:
        child = subprocess.Popen(
            argv, stdin=stdin, stdout=stdout if stdout is not None else out,
            stderr=stdout if stdout is not None else out, close_fds=True,
            preexec_fn=_child_setup(cores), env={**os.environ, **(env or {})})
    child.log = log
    child.paused = False
    _children.append(child)
    return child


def run(argv, seconds=30, env=None, data=None):
    """
    Runs a command to its end, where the bench itself runs, and returns what it printed; anything but
    success is a BenchError.
    """
    try:
        done = subprocess.run(argv, input=data, capture_output=True, text=True, timeout=seconds,
                              env={**os.environ, **(env or {})}, check=False,
                              preexec_fn=_child_setup(os.sched_getaffinity(0)))
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"{argv[0]}: not done after {seconds} s") from error
    if done.returncode != 0:
        raise BenchError(f"{' '.join(argv[:6])}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def alive(child):
    return child.poll() is None


def check_alive(child, name):
    if not alive(child):
        raise BenchError(f"{name} ended with status {child.returncode}: {tail(child.log)}")


def tail(log, lines=6):
    try:
        with open(log, errors="replace") as text:
            return " / ".join(line.strip() for line in text.readlines()[-lines:])
    except OSError:
        return f"no {log}"


def wait_for(condition, seconds, what, child=None):
    """Polls condition until it holds; a dead child or too long a wait is a BenchError."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if child is not None:
            check_alive(child, what)
        if time.monotonic() > end:
            raise BenchError(f"{what}: nothing after {seconds} s" +
                             (f": {tail(child.log)}" if child is not None else ""))
        time.sleep(0.02)


def waiting_ns(child):
    """By thread id: (how long it ran, how long it wanted to run and could not), since its start."""
    times = {}
    for thread in os.listdir(f"/proc/{child.pid}/task"):
        try:
            with open(f"/proc/{child.pid}/task/{thread}/schedstat") as file:
                ran, waited, _ = file.read().split()
        except OSError:
            continue  # it has just ended
        times[thread] = (int(ran), int(waited))
    return times


def thread_name(child, thread):
    """Empty: it has ended."""
    try:
        with open(f"/proc/{child.pid}/task/{thread}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def ended_seconds():
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _set_priority(child, threads, nice):
    try:
        for thread in threads:
            os.setpriority(os.PRIO_PROCESS, int(thread), nice)
    except OSError:
        pass  # as in _go_first()


def step_back(child, num_threads):
    """The num_threads of child that poll let everybody else go first, its other threads too."""
    times = waiting_ns(child)
    _set_priority(child, sorted(times, key=times.get)[-num_threads:], 19)


def step_forward(child):
    """Takes step_back() back."""
    _set_priority(child, waiting_ns(child), -20)


def pause(children):
    """
    Stops children that run, and returns when they stand still. Each thread is asked: the one that
    polls hears it at once, a sleeping one would have to get the processor first.
    """
    for child in children:
        if child.paused or not alive(child):
            continue
        # Those that poll were made last.
        for thread in sorted(os.listdir(f"/proc/{child.pid}/task"), key=int, reverse=True):
            _libc.syscall(SYS_TGKILL, child.pid, int(thread), signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        child.paused = True


def resume(children):
    for child in children:
        child.send_signal(signal.SIGCONT)
        child.paused = False


def end(child, seconds=5):
    """Ends one child: asked first, then killed. Safe to call twice."""
    if child in _children:
        _children.remove(child)
    if not alive(child):
        return
    child.send_signal(signal.SIGCONT)
    child.terminate()
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def end_all():
    for child in list(_children):
        end(child, 1)
    for path in list(_folders):
        folder_remove(path)


def _ended_by_signal(number, _frame):
    for again in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(again, signal.SIG_IGN)  # one is enough, tidying up goes on
    raise SystemExit(128 + number)


def _give_way_again(text):
    try:
        with open(AUTOGROUP, "w") as file:
            file.write(text)
    except OSError:
        pass  # as in _go_first()


def guard(home_core):
    """
    Call once at the start: the bench itself goes to the home core, at the generator's priority, and
    whatever ends it, end_all() runs.
    """
    try:
        with open(AUTOGROUP) as file:
            atexit.register(_give_way_again, file.read().split()[-1])
    except OSError:
        pass  # a kernel without such groups
    atexit.register(end_all)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _ended_by_signal)
    os.sched_setaffinity(0, {home_core})
    _go_first()
