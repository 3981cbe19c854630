# SPDX-License-Identifier: GPL-2.0-or-later
# For tests with guests of other makers: the disk that sim/server/build-clients has made, on $clients; a
# kernel of Debian's own line; a network to boot from in world 0. A script sources it after ../lib.sh.

clients=/run/clients

clients_mount() {
	[ ! -e $clients/netboot ] || return 0
	mkdir -p $clients && modprobe ext4 && mount -t ext4 -o ro /dev/vdb $clients
}

# client_run PROGRAM...: one of the disk's own programs, with its libraries.
client_run() {
	local name=$1
	shift
	LD_LIBRARY_PATH=$clients/usr/lib/x86_64-linux-gnu $clients/usr/bin/"$name" "$@"
}

# device_add NAME MAC [OPTIONS...]: a vDPA device whose representor, up, is then called new_rep. Not by check.
device_add() {
	local before
	before=$(vdpa_reps)
	vdpa_add "$@" && wait_for 5 eval "[ '$before' != \"\$(vdpa_reps)\" ]" || return 1
	new_rep=$(comm -13 <(echo "$before") <(vdpa_reps))
	ip link set "$(rep "$new_rep")" up
}
vdpa_reps() { cat /sys/class/net/*/phys_port_name 2>/dev/null | grep '^pf0sf' | sort; }

# guest_initrd_with FILE [KERNEL]: a guest's root file system with another archive's files over it, as the
# initrd of the guests that boot from now on; in memory, so clients_clear.
guest_initrd_with() {
	cat $guest_files/root.cpio "$1" >"$state/initrd.cpio"
	guest_load=(-bios qboot.rom -kernel "${2:-$guest_files/vmlinux}" -initrd "$state/initrd.cpio" -append "$guest_append")
}

clients_clear() {
	rm -f "$state/initrd.cpio"
	umount $clients
}

# ---- a network to boot from: DHCP, TFTP and HTTP in world 0, at 10.0.0.100

netboot_log=$state/netboot.log
netboot_pids=()

# netboot_start: DHCP offers ipxe.efi by TFTP to UEFI, and boot.ipxe by HTTP to iPXE, whichever way
# it was started; that fetches Debian's kernel and a small root file system. Not by check: it keeps
# what netboot_stop ends.
netboot_start() {
	local dir=$state/netboot
	mkdir -p "$dir"
	ln -sf $clients/netboot/{vmlinuz,initrd,ipxe.efi} "$dir/"
	printf '%s\n' '#!ipxe' "kernel vmlinuz initrd=initrd $guest_append" 'initrd initrd' boot >"$dir/boot.ipxe"
	: >"$netboot_log"
	world_run 0 env LD_LIBRARY_PATH=$clients/usr/lib/x86_64-linux-gnu $clients/usr/bin/dnsmasq \
		--keep-in-foreground --conf-file=/dev/null --user=root --group=root --pid-file= --port=0 \
		--interface=world --bind-interfaces --dhcp-range=10.0.0.50,10.0.0.69,255.255.255.0,1h \
		--dhcp-leasefile="$state/leases" --dhcp-authoritative --no-ping --dhcp-option=3 \
		--enable-tftp --tftp-root="$dir" --dhcp-match=set:ipxe,175 --dhcp-boot=tag:!ipxe,ipxe.efi \
		--dhcp-boot=tag:ipxe,http://10.0.0.100/boot.ipxe --log-dhcp --log-facility="$netboot_log" >>"$netboot_log" 2>&1 &
	netboot_pids+=($!)
	world_run 0 busybox httpd -f -vv -p 80 -h "$dir" >>"$netboot_log" 2>&1 &
	netboot_pids+=($!)
	sleep 0.5
	kill -0 "${netboot_pids[@]}" || { cat "$netboot_log"; return 1; }
}

netboot_stop() {
	kill "${netboot_pids[@]}"
	wait "${netboot_pids[@]}" 2>/dev/null
	rm -rf "$state/netboot" "$state/leases"
}

# netboot_said REGEX: how often the servers' log says so.
netboot_said() { grep -cE "$1" "$netboot_log"; }
