#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets for the tests of xvio-vhost, as pcap files.

packets.py make FILE NUM SEED   UDP and TCP packets of 60 to 1514 bytes, to one of three MAC addresses
packets.py count FILE           how many are to UDP port 9
packets.py same SENT MAC GOT    exit 0 if GOT is what SENT has for MAC but for UDP port 9, in order
"""
import random
import struct
import sys

MACS = ["02:00:00:00:00:0b", "02:00:00:00:00:0c", "02:00:00:00:00:0d"]


def mac_bytes(text):
    return bytes(int(part, 16) for part in text.split(":"))


def packet(rng, number):
    udp = rng.random() < 0.7
    transport = struct.pack(">HH", 1000 + number % 977, 9 if rng.random() < 0.1 else 80)
    payload = rng.randbytes(rng.choice([18, 18, 50, 200, 512, 1000, 1472]))
    if udp:
        transport += struct.pack(">HH", 8 + len(payload), 0) + payload
    else:
        payload = payload[:1460]
        transport += struct.pack(">IIBBHHH", number, 0, 5 << 4, 0x10, 1024, 0, 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(transport), number & 0xFFFF, 0, 64,
                     17 if udp else 6, 0, bytes([10, 0, 0, 1]), bytes([10, 0, 0, number % 250 + 2]))
    frame = mac_bytes(rng.choice(MACS)) + mac_bytes("02:00:00:00:00:0a") + b"\x08\x00" + ip + transport
    return frame.ljust(60, b"\0")


def write(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            file.write(struct.pack("<IIII", i, 0, len(frame), len(frame)) + frame)


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16 : at + 16 + length])
        at += 16 + length
    return frames


def is_dropped(frame):
    return frame[23] == 17 and frame[36:38] == b"\0\x09"


def main():
    if sys.argv[1] == "make":
        rng = random.Random(int(sys.argv[4]))
        write(sys.argv[2], [packet(rng, i) for i in range(int(sys.argv[3]))])
    elif sys.argv[1] == "count":
        frames = read(sys.argv[2])
        print(sum(is_dropped(frame) for frame in frames))
    else:
        sent, mac, got = read(sys.argv[2]), mac_bytes(sys.argv[3]), read(sys.argv[4])
        want = [f for f in sent if f[:6] == mac and not is_dropped(f)]
        first = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
        print(f"wanted {len(want)} packets, got {len(got)}, the same up to {first}")
        sys.exit(0 if want and want == got else 1)


main()
