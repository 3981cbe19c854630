# SPDX-License-Identifier: GPL-2.0-or-later
# Stock guests on xvio-vhost, for tests that have sourced lib.sh: Debian's QEMU under TCG, the guests'
# kernel and root file system, all as the emulated server has them. (QEMU 7.2 of the machine's own
# release emulates these kernels wrongly under load.)

guest_unpack() {
	local cpio=$vhost_root/build/server/root.cpio
	[ -e "$cpio" ] || die "no $cpio: make sim"
	mkdir "$vhost_dir/rootfs"
	(cd "$vhost_dir/rootfs" && cpio --quiet -idm <"$cpio") || die "cannot unpack $cpio"
	guest_files=$vhost_dir/rootfs/usr/share/xvio/guest
}

# The emulated server's QEMU, with its own libraries.
guest_qemu() {
	local usr=$vhost_dir/rootfs/usr
	exec "$usr/lib64/ld-linux-x86-64.so.2" --library-path "$usr/lib/x86_64-linux-gnu" \
		"$usr/bin/qemu-system-x86_64" -L "$usr/share/qemu" -L "$usr/share/seabios" "$@"
}

# guest_start NAME: with the port's socket NAME.sock, which its QEMU connects to again when it ends.
guest_start() {
	local name=$1 d=$vhost_dir
	guest_qemu -nodefaults -no-user-config -nographic -monitor none -no-reboot -name "$name" \
		-accel tcg -cpu max -M q35 -bios qboot.rom -m 256 \
		-object memory-backend-memfd,id=mem,size=256M,share=on -machine memory-backend=mem \
		-kernel "$guest_files/vmlinux" -initrd "$guest_files/root.cpio" \
		-append "console=ttyS0 panic=-1 quiet net.ifnames=0 mitigations=off" \
		-serial "file:$d/$name.console.log" -device virtio-serial-pci \
		-chardev "socket,id=agent,path=$d/$name.agent,server=on,wait=off" \
		-device virtserialport,chardev=agent,name=xvio.agent \
		-chardev "socket,id=port,path=$d/$name.sock,reconnect=1" \
		-netdev "vhost-user,id=n0,chardev=port${guest_netdev:-}" \
		-device "virtio-net-pci,netdev=n0,romfile=,mac=$(guest_mac "$name")${guest_device:-}" \
		</dev/null >"$d/$name.qemu.log" 2>&1 &
	vhost_pids+=($!)
}

# guest_run NAME COMMAND [SECONDS]
guest_run() {
	"$vhost_root/tests/system/guest-client" "$vhost_dir/$1.agent" "${3:-20}" "$2"
}

# guest_up NAME: booted, with its address.
guest_up() {
	wait_for 200 guest_answers "$1" || die "guest $1 does not boot"
	guest_run "$1" "ip addr add $(guest_ip "$1")/24 dev eth0 && ip link set eth0 up" ||
		die "guest $1 has no eth0"
}
