#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A vhost-user front-end with bad manners, for vhost_hostile.sh.

hostile.py SOCKET MODE    connects, does what MODE says; prints "ended" if the back-end closed the
                          connection within 3 seconds after that, else "stays"
MODE list                 the modes
MODE good                 two rings, one packet sent through them: prints "used N" of the transmit queue
"""
import array
import ctypes
import fcntl
import mmap
import os
import random
import select
import signal
import socket
import struct
import sys
import tempfile
import time

GET_FEATURES, SET_FEATURES, SET_OWNER, RESET_OWNER, SET_MEM_TABLE = 1, 2, 3, 4, 5
SET_LOG_BASE, SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 6, 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR, GET_PROTOCOL, SET_PROTOCOL = 12, 13, 14, 15, 16
SET_VRING_ENABLE, POSTCOPY_ADVISE, GET_INFLIGHT, VRING_KICK, ADD_REG, REM_REG = 18, 28, 31, 35, 37, 38
NONE = 0

VERSION_1, PACKED, PROTOCOL = 1 << 32, 1 << 34, 1 << 30
SIZE, RING, GPA, UVA = 16, 256, 0x100000, 0x7F0000000000
LEN = 1 << 20

libc = ctypes.CDLL(None, use_errno=True)


def eventfd():
    return os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)


class Peer:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for _ in range(50):  # the session before may just be ending
            try:
                self.sock.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.fd = os.memfd_create("guest")
        os.ftruncate(self.fd, LEN)
        self.memory = mmap.mmap(self.fd, LEN)
        self.kick = [eventfd(), eventfd()]
        self.call = [eventfd(), eventfd()]

    def send(self, request, payload=b"", fds=(), flags=1, size=None):
        head = struct.pack("<III", request, flags, len(payload) if size is None else size)
        anc = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.sock.sendmsg([head + payload], anc)

    def u64(self, request, value, fds=(), **more):
        self.send(request, struct.pack("<Q", value), fds, **more)

    def state(self, request, index, num):
        self.send(request, struct.pack("<II", index, num))

    def ask(self, request, payload=b""):
        self.send(request, payload)
        self.sock.settimeout(3)
        reply = b""
        while len(reply) < 12 or len(reply) < 12 + struct.unpack_from("<I", reply, 8)[0]:
            piece = self.sock.recv(4096)
            if not piece:
                raise ConnectionError
            reply += piece
        return reply[12:]

    def region(self, gpa=GPA, size=LEN, uva=UVA, offset=0):
        return struct.pack("<QQQQ", gpa, size, uva, offset)

    def table(self, *regions, fds=None, num=None):
        num = len(regions) if num is None else num
        self.send(SET_MEM_TABLE, struct.pack("<II", num, 0) + b"".join(regions),
                  [self.fd] * len(regions) if fds is None else fds)

    def addr(self, index, desc, avail, used, flags=0):
        self.send(SET_VRING_ADDR, struct.pack("<IIQQQQ", index, flags, desc, used, avail, 0))

    def hello(self, features=VERSION_1 | PROTOCOL):
        self.ask(GET_FEATURES)
        self.ask(GET_PROTOCOL)
        self.u64(SET_PROTOCOL, 0)
        self.send(SET_OWNER)
        self.u64(SET_FEATURES, features)

    def ring_at(self, index):
        return UVA + index * 0x4000

    def ring(self, index, num=SIZE, desc=None, avail=None, used=None):
        at = self.ring_at(index)
        self.state(SET_VRING_NUM, index, num)
        self.state(SET_VRING_BASE, index, 0)
        self.addr(index, at if desc is None else desc, at + 0x1000 if avail is None else avail,
                  at + 0x2000 if used is None else used)
        self.u64(SET_VRING_KICK, index, [self.kick[index]])
        self.u64(SET_VRING_CALL, index, [self.call[index]])
        self.state(SET_VRING_ENABLE, index, 1)

    def set_up(self):
        self.hello()
        self.table(self.region())
        self.ring(0)
        self.ring(1)

    def post(self, index, slot, gpa, length, flags, nxt=0):
        at = index * 0x4000
        struct.pack_into("<QIHH", self.memory, at + slot * 16, gpa, length, flags, nxt)

    def offer(self, index, head, idx):
        at = index * 0x4000 + 0x1000
        struct.pack_into("<H", self.memory, at + 4 + ((idx - 1) % SIZE) * 2, head)
        struct.pack_into("<H", self.memory, at + 2, idx & 0xFFFF)
        try:
            os.eventfd_write(self.kick[index], 1)
        except OSError:
            pass

    def used(self, index):
        return struct.unpack_from("<H", self.memory, index * 0x4000 + 0x2002)[0]

    def frame(self, at=0x10000):
        data = bytes(12) + bytes.fromhex("02000000000b02000000000a88b5") + bytes(50)
        self.memory[at : at + len(data)] = data
        return GPA + at, len(data)

    def packet(self, idx=1):
        gpa, length = self.frame()
        self.post(1, 0, gpa, length, 0)
        self.offer(1, 0, idx)

    def wait_used(self, index, num, seconds=5):
        end = time.time() + seconds
        while time.time() < end and self.used(index) != num:
            time.sleep(0.01)
        return self.used(index)

    def ended(self, seconds=3):
        self.sock.settimeout(seconds)
        try:
            while self.sock.recv(65536):
                pass
            return True
        except (ConnectionError, BrokenPipeError):
            return True
        except OSError:
            return False


MODES = {}


def mode(function):
    MODES[function.__name__] = function
    return function


# Messages


@mode
def nothing(p):
    p.sock.shutdown(socket.SHUT_WR)


@mode
def half_header(p):
    p.sock.send(b"\1\0\0")
    p.sock.shutdown(socket.SHUT_WR)


@mode
def half_payload(p):
    p.hello()
    p.send(SET_VRING_NUM, b"\0\0", size=8)
    p.sock.shutdown(socket.SHUT_WR)


@mode
def huge_payload(p):
    p.send(SET_MEM_TABLE, b"", size=0xFFFFFFFF)


@mode
def request_none(p):
    p.send(NONE)


@mode
def request_unknown(p):
    p.send(4711)


@mode
def wrong_version(p):
    p.send(GET_FEATURES, flags=2)


@mode
def is_a_reply(p):
    p.send(GET_FEATURES, flags=5)


@mode
def short_payload(p):
    p.hello()
    p.send(SET_VRING_ADDR, b"\0" * 8)


@mode
def postcopy(p):
    p.send(POSTCOPY_ADVISE)


@mode
def inflight(p):
    p.send(GET_INFLIGHT, bytes(24))


@mode
def log_base(p):
    p.send(SET_LOG_BASE, bytes(16), [p.fd])


@mode
def inband_kick(p):
    p.state(VRING_KICK, 0, 0)


@mode
def features_not_offered(p):
    p.hello(VERSION_1 | PROTOCOL | 1 << 33)


@mode
def legacy(p):
    p.hello(PROTOCOL)


@mode
def too_many_fds(p):
    p.send(GET_FEATURES, fds=[p.fd] * 20)


@mode
def fds_where_none_belong(p):
    p.send(GET_FEATURES, fds=[p.fd])


@mode
def does_not_read(p):
    try:
        p.sock.settimeout(2)
        for _ in range(200000):
            p.send(GET_FEATURES)
    except OSError:
        pass


# Memory


@mode
def region_empty(p):
    p.hello()
    p.table(p.region(size=0))


@mode
def region_wraps(p):
    p.hello()
    p.table(p.region(gpa=2**64 - 4096))


@mode
def region_huge(p):
    p.hello()
    p.table(p.region(size=2**62))


@mode
def region_beyond_file(p):
    p.hello()
    p.table(p.region(size=LEN + 4096))


@mode
def region_sparse_and_huge(p):
    p.hello()
    os.ftruncate(p.fd, 2**62)
    p.table(p.region(size=2**62))


@mode
def regions_overlap(p):
    p.hello()
    p.table(p.region(), p.region(gpa=GPA + 4096, uva=UVA + LEN))


@mode
def regions_overlap_in_user_space(p):
    p.hello()
    p.table(p.region(), p.region(gpa=GPA + LEN, uva=UVA + 4096))


@mode
def regions_without_fds(p):
    p.hello()
    p.table(p.region(), p.region(gpa=GPA + LEN, uva=UVA + LEN), fds=[p.fd])


@mode
def regions_more_than_eight(p):
    p.hello()
    p.table(*[p.region()] * 8, num=9)


@mode
def regions_fewer_than_said(p):
    p.hello()
    p.table(p.region(), num=4)


@mode
def region_of_a_pipe(p):
    p.hello()
    p.table(p.region(), fds=[os.pipe()[0]])


@mode
def region_read_only(p):
    p.hello()
    p.table(p.region(), fds=[os.open("/proc/self/exe", os.O_RDONLY)])


@mode
def region_of_a_file_system(p):
    """What is not memory can keep those waiting that touch it, for as long as a peer's FUSE server likes."""
    p.hello()
    file = tempfile.TemporaryFile(dir="/var/tmp")
    file.truncate(LEN)
    p.table(p.region(), fds=[file.fileno()])


@mode
def region_unaligned(p):
    p.hello()
    p.table(p.region(size=4096, offset=17))


@mode
def add_overlapping(p):
    p.set_up()
    p.send(ADD_REG, bytes(8) + p.region(), [p.fd])


@mode
def remove_unknown(p):
    p.set_up()
    p.send(REM_REG, bytes(8) + p.region(gpa=0x7000000))


@mode
def file_shrinks(p):
    p.set_up()
    os.ftruncate(p.fd, 0)
    os.eventfd_write(p.kick[1], 1)


@mode
def file_shrinks_before_rings(p):
    p.hello()
    p.table(p.region())
    os.ftruncate(p.fd, 0)
    p.ring(0)
    p.ring(1)


# Queues


@mode
def queue_out_of_range(p):
    p.hello()
    p.state(SET_VRING_NUM, 77, SIZE)


@mode
def kick_out_of_range(p):
    p.hello()
    p.u64(SET_VRING_KICK, 200, [p.kick[0]])


@mode
def base_out_of_range(p):
    p.hello()
    p.state(GET_VRING_BASE, 77, 0)


@mode
def size_no_power(p):
    p.hello()
    p.state(SET_VRING_NUM, 0, 100)


@mode
def size_zero(p):
    p.hello()
    p.state(SET_VRING_NUM, 0, 0)


@mode
def size_huge(p):
    p.hello()
    p.state(SET_VRING_NUM, 0, 1 << 31)


@mode
def kick_is_a_file(p):
    p.hello()
    p.u64(SET_VRING_KICK, 0, [p.fd])


@mode
def call_is_a_pipe(p):
    p.hello()
    p.u64(SET_VRING_CALL, 0, [os.pipe()[1]])


@mode
def kick_without_fd(p):
    p.hello()
    p.u64(SET_VRING_KICK, 0)


# What does not end the session: it costs the queue, or nothing


@mode
def stays_ring_outside(p):
    p.hello()
    p.table(p.region())
    p.ring(1, desc=UVA + LEN)


@mode
def stays_ring_at_the_end(p):
    p.hello()
    p.table(p.region())
    p.ring(1, used=UVA + LEN - 8)


@mode
def stays_ring_misaligned(p):
    p.hello()
    p.table(p.region())
    p.ring(1, desc=UVA + 4)


@mode
def stays_rings_before_memory(p):
    p.hello()
    p.ring(0)
    p.ring(1)


@mode
def stays_kick_twice(p):
    p.set_up()
    for _ in range(20):
        p.u64(SET_VRING_KICK, 1, [p.kick[1]])
        p.u64(SET_VRING_CALL, 1, [p.call[1]])
    p.packet()
    if p.wait_used(1, 1) != 1:
        print("its packet was not taken")


@mode
def stays_bad_index(p):
    p.set_up()
    p.offer(1, 0, 4000)


@mode
def stays_bad_address(p):
    p.set_up()
    p.post(1, 0, GPA + LEN, 100, 0)
    p.offer(1, 0, 1)


@mode
def stays_bad_chain(p):
    p.set_up()
    p.post(1, 0, GPA + 0x10000, 100, 1, 0)
    p.offer(1, 0, 1)


@mode
def stays_call_counter_full(p):
    p.set_up()
    p.ask(GET_FEATURES)
    os.eventfd_read(p.call[1])
    os.eventfd_write(p.call[1], 2**64 - 2)
    p.packet()
    if p.wait_used(1, 1) != 1:
        print("its packet was not taken")


def fill_and_block(fd):
    """Whoever adds to this eventfd now waits until somebody reads it."""
    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        os.eventfd_read(fd)
    except BlockingIOError:
        pass
    os.eventfd_write(fd, 2**64 - 2)
    fcntl.fcntl(fd, fcntl.F_SETFL, 0)


@mode
def stays_call_blocks(p):
    p.set_up()
    p.ask(GET_FEATURES)
    fill_and_block(p.call[1])
    p.packet()
    if p.wait_used(1, 1) != 1:
        print("its packet was not taken")


@mode
def stays_err_blocks(p):
    p.set_up()
    err = eventfd()
    p.u64(SET_VRING_ERR, 1, [err])
    p.ask(GET_FEATURES)
    fill_and_block(err)
    p.offer(1, 0, 4000)
    time.sleep(0.3)
    p.ask(GET_FEATURES)


@mode
def stays_memory_hot_add(p):
    p.set_up()
    more = os.memfd_create("more")
    os.ftruncate(more, LEN)
    p.send(ADD_REG, bytes(8) + p.region(gpa=GPA + LEN, uva=UVA + LEN), [more])
    p.ask(GET_FEATURES)  # when it answers this, it has done that
    view = mmap.mmap(more, LEN)
    view[:76] = bytes(12) + bytes.fromhex("02000000000b02000000000a88b5") + bytes(50)
    p.post(1, 0, GPA + LEN, 76, 0)
    p.offer(1, 0, 1)
    if p.wait_used(1, 1) != 1:
        print("a packet in memory that was added was not taken")
    p.send(REM_REG, bytes(8) + p.region(gpa=GPA + LEN, uva=UVA + LEN))
    p.packet(2)
    if p.wait_used(1, 2) != 2:
        print("after memory was removed the queue does not go on")
    base = p.ask(GET_VRING_BASE, struct.pack("<II", 1, 0))
    if struct.unpack("<II", base) != (1, 2):
        print("the queue is said to go on at", base)


@mode
def stays_remove_memory_of_rings(p):
    p.set_up()
    p.send(REM_REG, bytes(8) + p.region())
    p.send(ADD_REG, bytes(8) + p.region(), [p.fd])
    p.packet()
    if p.wait_used(1, 1) != 1:
        print("the queue does not go on with its memory back")


def random_messages(p, seed):
    """Messages that are nearly right, in any order."""
    rng = random.Random(seed)
    if seed % 2:
        p.set_up()
    else:
        p.hello()
        p.table(p.region())
    for _ in range(300):
        request = rng.choice([2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 36, 37, 38])
        payload = bytes(rng.choice([0, 1, 2, 16, 255, rng.randrange(256)]) for _ in range(8))
        if request == 9:
            payload = struct.pack("<IIQQQQ", rng.randrange(3), 0, *[
                UVA + rng.choice([0, 0x1000, 0x2000, 0x4000, LEN - 64, LEN, 3]) for _ in range(3)], 0)
        elif request in (8, 10, 11, 18):
            payload = struct.pack("<II", rng.choice([0, 1, 0, 1, 0, 1, 2]) if rng.random() < 0.1 else rng.randrange(2),
                                  rng.choice([0, 1, 3, 65535]) if rng.random() < 0.05 else rng.choice([2, 16, 256]))
        elif request in (12, 13, 14):
            payload = struct.pack("<Q", rng.randrange(2) | rng.choice([0, 0, 256]))
        elif request in (5, 37, 38):
            payload = struct.pack("<Q", 1) + p.region(GPA + rng.choice([0, LEN]), offset=rng.choice([0, 4096]),
                                                      size=rng.choice([LEN, 4096]))
        elif request in (16, 20):
            payload = struct.pack("<Q", rng.choice([0, 1, 8, 9]))
        elif request == 2:
            payload = struct.pack("<Q", VERSION_1 | PROTOCOL | rng.choice([0, PACKED, 1 << 29]))
        fds = []
        if request in (12, 13, 14) and not payload[1] or request in (5, 37):
            fds = [p.fd if request in (5, 37) else rng.choice(p.kick + p.call)]
        if rng.random() < 0.01:
            fds.append(p.fd)
        if rng.random() < 0.1:
            start = rng.randrange(0x8000)
            p.memory[start : start + 16] = rng.randbytes(16)
        try:
            p.send(request, payload, fds)
            p.sock.setblocking(False)
            try:
                p.sock.recv(65536)
            except BlockingIOError:
                pass
            p.sock.setblocking(True)
        except OSError:
            return


def main():
    if sys.argv[1] == "list":
        print("\n".join(MODES))
        return
    signal.alarm(60)
    if sys.argv[2] == "random":
        for seed in range(int(sys.argv[3]), int(sys.argv[4])):
            random_messages(Peer(sys.argv[1]), seed)
        return
    peer = Peer(sys.argv[1])
    if sys.argv[2] == "good":
        peer.set_up()
        peer.packet()
        print("used", peer.wait_used(1, 1))
        return
    if sys.argv[2] == "die":
        peer.set_up()
        peer.packet()
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        MODES[sys.argv[2]](peer)
    except (ConnectionError, BrokenPipeError):
        pass
    print("ended" if peer.ended(0.5 if sys.argv[2].startswith("stays") else 3) else "stays")


main()
