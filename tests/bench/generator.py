# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""The generator: dpdk-testpmd with virtio-user ports, one forwarding core, driven over its prompt.

Two ways to make traffic, both of which also receive and count what the switch delivers:
  flowgen  frames made as they are sent; flow n is destination 10.253.0.0 + n, in turn
  pcap     frames from files: source i feeds port i, and what port i receives is thrown away or
           written to a file
"""

import os
import re
import select
import time

import machine
import procs

PROMPT = b"testpmd> "
MAX_PORTS = 32  # what Debian's DPDK is built for, of all kinds, in one process
MBUFS_EACH = 8192
PATIENCE_S = 60  # for a prompt, which competes with all that polls on its core
PATIENCE_EACH_S = 4  # more with each port: they are set up, and counted, one by one
MBUF_BYTES = 2560


def memory(num_vdevs, source_frames):
    """Packet buffers that a process needs, and MiB in all."""
    mbufs = max(32768, MBUFS_EACH * num_vdevs) + source_frames
    return mbufs, max(1024, mbufs * MBUF_BYTES // (1 << 20) + 256)


class Generator:
    def __init__(self, sockets, core, ring, hugepages, log, flows=2, size_bytes=64, sources=None,
                 sinks=None, first_port=0, loop=True, queue_size=1024, source_frames=0):
        """
        sources, sinks: lists of capture files, one a port. loop: the sources never end; testpmd then
        holds all their source_frames in memory.
        """
        self.num_ports = len(sockets)
        self.pcap = sources is not None
        self.log = log
        self.dir = procs.folder("testpmd")
        vdevs = []
        for i, path in enumerate(sockets):
            if self.pcap:
                sink = f",tx_pcap={sinks[i]}" if sinks else ""
                again = ",infinite_rx=1" if loop else ""
                vdevs.append(f"net_pcap{i},rx_pcap={sources[i]}{sink}{again}")
            vdevs.append(f"net_virtio_user{i},path={path},queue_size={queue_size},"
                         f"mac=02:00:00:00:01:{first_port + i:02x},"
                         f"packed_vq={1 if ring == 'packed' else 0}")
        if len(vdevs) > MAX_PORTS:
            raise procs.BenchError(f"testpmd takes {MAX_PORTS} ports, {len(vdevs)} asked for")
        self._start(vdevs, core, hugepages, flows, size_bytes, queue_size, source_frames)

    def _start(self, vdevs, core, hugepages, flows, size_bytes, queue_size,
               source_frames):
        mbufs, memory_mb = memory(len(vdevs), source_frames)
        # A line at a time through pipes. What goes through a terminal is passed on by a worker thread of
        # the kernel's, which finds no time on a core where we and all of ours go first.
        argv = ["stdbuf", "-oL", machine.TESTPMD, "--lcores", f"0@{core},1@{core}", "--no-pci", "--no-telemetry",
                "--file-prefix", os.path.basename(self.dir)]
        argv += ["--in-memory", "--single-file-segments", "-m", str(memory_mb)] if hugepages else \
            ["--no-huge", "-m", str(memory_mb)]
        for number, vdev in enumerate(vdevs):
            argv += ["--vdev", vdev]
        argv += ["--", "-i", "--nb-cores=1", f"--total-num-mbufs={mbufs}", "--burst=32",
                 f"--txd={queue_size}", f"--rxd={queue_size}", "--no-lsc-interrupt"]
        argv += ["--forward-mode=io", "--no-flush-rx"] if self.pcap else \
            ["--forward-mode=flowgen", f"--flowgen-flows={flows}", f"--txpkts={size_bytes}"]
        their_input, self.input = os.pipe()
        self.output, their_output = os.pipe()
        self.text = b""
        self.patience_s = PATIENCE_S + PATIENCE_EACH_S * len(vdevs)
        self.child = procs.spawn(argv, {core}, self.log, stdin=their_input, stdout=their_output,
                                 env={"XDG_RUNTIME_DIR": self.dir})
        os.close(their_input)
        os.close(their_output)
        try:
            self._read_prompt()
        except procs.BenchError:
            self.end()  # what was never finished is in nobody's list
            raise

    def _read_prompt(self):
        """Reads up to the next prompt; returns what stood before it."""
        end = time.monotonic() + self.patience_s
        while not self.text.endswith(PROMPT):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.output], [], [], left)[0]:
                raise procs.BenchError(f"testpmd: no prompt after {self.patience_s} s: {self._last_words()}")
            part = os.read(self.output, 1 << 16)
            if not part:
                raise procs.BenchError(f"testpmd ended: {self._last_words()}")
            self.text += part
            with open(self.log, "ab") as log:
                log.write(part)
        text, self.text = self.text, b""
        return text.decode(errors="replace")

    def _last_words(self):
        return " / ".join(self.text.decode(errors="replace").split("\n")[-6:])[-600:]

    def _write(self, words):
        try:
            os.write(self.input, words.encode() + b"\n")
        except BrokenPipeError as error:
            raise procs.BenchError(f"testpmd ended: {procs.tail(self.log)}") from error

    def command(self, words):
        """Returns what it printed."""
        self._write(words)
        return self._read_prompt()

    def start(self):
        self.command("start")

    def stop(self):
        """Sends no more, and receives what is still on its way."""
        self.command("stop")
        self.command("set fwd rxonly")
        self.command("start")
        time.sleep(0.3)
        self.command("stop")

    def ports(self):
        """Per virtio port: frames sent into the switch, frames received from it."""
        text = self.command("show port stats all")
        found = []
        for part in text.split("NIC statistics for port ")[1:]:
            rx = int(re.search(r"RX-packets: (\d+)", part).group(1))
            tx = int(re.search(r"TX-packets: (\d+)", part).group(1))
            found.append({"sent": tx, "received": rx})
        return found[1::2] if self.pcap else found

    def pause(self):
        procs.pause([self.child])

    def resume(self):
        procs.resume([self.child])

    def check(self):
        procs.check_alive(self.child, "testpmd")

    def quit(self):
        """Ends in order, so that capture files are complete."""
        self._write("quit")
        end = time.monotonic() + 20
        while procs.alive(self.child):
            if time.monotonic() > end:
                raise procs.BenchError(f"testpmd does not quit: {procs.tail(self.log)}")
            if select.select([self.output], [], [], 0.1)[0]:
                os.read(self.output, 1 << 16)
        self.end()

    def end(self):
        procs.end(self.child)
        os.close(self.input)
        os.close(self.output)
        procs.folder_remove(self.dir)
