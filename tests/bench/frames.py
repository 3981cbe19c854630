# SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0
"""Frames and capture files: what the generator sends where flowgen does not do, and the comparison
of what arrived with what was sent, byte by byte.
"""

import random
import struct

from itertools import accumulate

import rules

PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
FCS_BYTES = 4  # a "64 B" frame is 60 bytes in a ring
SEQ_AT = 42  # where the payload begins: port, then number


def _checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def frame(port, flow, seq, len_bytes, filler):
    """A UDP frame that enters by port, of that flow, len_bytes long; filler: bytes behind the number."""
    head = struct.pack("!BBHHHBBHII", 0x45, 0, len_bytes - 14, seq & 0xFFFF, 0, 64, 17, 0,
                       rules.FLOW_SOURCE, rules.FLOW_BASE + flow)
    head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
    ethernet = bytes((2, 0, 0, 0, 0, port ^ 1, 2, 0, 0, 0, 1, port)) + b"\x08\x00"
    udp = struct.pack("!HHHH", *rules.FLOW_PORTS, len_bytes - 34, 0)
    body = ethernet + head + udp + struct.pack("!HI", port, seq)
    return body + filler[:len_bytes - len(body)]


def write(path, frames):
    with open(path, "wb") as file:
        file.write(PCAP_HEADER)
        for number, data in enumerate(frames):
            file.write(struct.pack("<IIII", number, 0, len(data), len(data)) + data)


def read(path):
    """Yields the frames of a capture file."""
    with open(path, "rb") as file:
        if len(file.read(24)) != 24:
            return
        while True:
            head = file.read(16)
            if len(head) < 16:
                return
            yield file.read(struct.unpack("<IIII", head)[2])


def zipf(num_flows, num_packets, seed):
    """Flow numbers drawn by Zipf's law, exponent 1; which flow is how popular is shuffled."""
    dice = random.Random(seed)
    flows = list(range(num_flows))
    dice.shuffle(flows)
    weights = list(accumulate(1 / rank for rank in range(1, num_flows + 1)))
    return dice.choices(flows, cum_weights=weights, k=num_packets)


def write_zipf(path, port, num_flows, num_packets, size_bytes):
    filler = bytes(size_bytes)
    picks = zipf(num_flows, num_packets, 1 + port)
    write(path, (frame(port, flow, seq, size_bytes - FCS_BYTES, filler)
                 for seq, flow in enumerate(picks)))


def write_check(path, port, num_flows, num_packets, size_bytes, seed):
    """Distinct frames, content random, mostly of the case's size; returns them."""
    dice = random.Random(seed * 1000 + port)
    frames = []
    for seq in range(num_packets):
        size = size_bytes if seq % 4 else dice.randint(64, 1518)
        flow = dice.randrange(num_flows)
        frames.append(frame(port, flow, seq, size - FCS_BYTES, dice.randbytes(1518)))
    write(path, frames)
    return frames


def expected(data, in_port, rewrite):
    """What a frame looks like when it leaves; rewrite(dst_ip) gives the new MAC address or None."""
    mac = rewrite(in_port, struct.unpack_from("!I", data, 30)[0])
    return bytes.fromhex(mac.replace(":", "")) + data[6:] if mac else data


def compare(sent, arrived, in_port, rewrite):
    """
    Compares what arrived with what was sent into in_port: returns the number that is missing, and
    a list of complaints: wrong bytes, wrong port, twice, out of order.
    """
    complaints = []
    last = {}  # by flow: only within one is there an order to keep
    seen = set()
    for data in arrived:
        port, seq = struct.unpack_from("!HI", data, SEQ_AT)
        flow = data[30:34]
        if port != in_port or seq >= len(sent):
            complaints.append(f"a frame of port {port}, number {seq}, at the partner of {in_port}")
        elif data != expected(sent[seq], in_port, rewrite):
            complaints.append(f"frame {seq} of port {in_port} arrived changed")
        elif seq in seen:
            complaints.append(f"frame {seq} of port {in_port} arrived twice")
        elif seq < last.get(flow, 0):
            complaints.append(f"frame {seq} of port {in_port} arrived after {last[flow]}, its flow's")
        last[flow] = seq
        seen.add(seq)
    return len(sent) - len(seen), complaints
