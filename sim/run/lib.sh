# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated server with its card, as functions of the host: server_start, server_run,
# server_stop. Used by the launchers beside it (server, run, system). Set before server_start:
# SOC (rv64 or native), IOMMU (1: the server has an intel-iommu), CARD (0: no card), FLASHED (1: not
# blank), LOGS (a folder).
# shellcheck source=sim/server/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../server/lib.sh"

SOC=${SOC:-rv64}
IOMMU=${IOMMU:-0}
CARD=${CARD:-1}
FLASHED=${FLASHED:-0}
LOGS=${LOGS:-$xvio_build/run}
# Two servers (docs/testing.md): the folder of the sockets that stand for the cables between them, and which end
# this one is, 1 or 2. Empty: it is alone.
CABLES=${CABLES:-} CABLES_END=${CABLES_END:-1}
server_pid='' soc_pid='' agent_pid='' server_dir='' card_ram='' agent_in='' agent_out=''

# prepare_all: what a server needs, installed and built; our own progress lines are shown, the rest
# goes to a log.
prepare_all() {
	local log=$LOGS/make.log line rc=0 told
	mkdir -p "$LOGS"
	: >"$log"
	say "checking what this machine has"
	"$xvio_root/sim/server/setup"
	say "building firmware, driver, tools and the emulated card"
	told=$SECONDS
	while IFS= read -r line; do
		echo "$line" >>"$log"
		case $line in
		'['*'s] '*) say "${line#*] }" ;;
		*) [ $((SECONDS - told)) -lt 20 ] || { told=$SECONDS; say "building: ${line:0:70}"; } ;;
		esac
	done < <(make -C "$xvio_root" --no-print-directory all 2>&1 || echo "make: failed")
	! tail -n 1 "$log" | grep -q '^make: failed' || rc=1
	[ "$rc" = 0 ] || { tail -n 20 "$log"; die "the build failed, read $log"; }
	server_tools >>"$log" 2>&1 || { tail -n 20 "$log"; die "the tests' programs are not built, read $log"; }
	"$xvio_root/sim/server/build-rootfs"
	"$xvio_root/sim/server/build-clients"
}

# A process that dies with this script, however it ends.
tied() { exec setpriv --pdeathsig TERM "$@"; }

# server_payload FILE: what this build made and the tests, as the tar the server's init unpacks.
server_payload() {
	local f list=(tests/system sim/run/demo.sh)
	for f in hostdrv/xvio.ko hostdrv/xvio-flash rv64/xvio-fw.img \
		server-tools/ring_probe server-tools/vf_probe server-tools/hostile_probe server-tools/vdpa_probe \
		server-tools/virtio_filter.ko server-tools/vdpasim.ko; do
		[ ! -e "$xvio_build/$f" ] || list+=("build/$f")
	done
	tar -C "$xvio_root" -chf "$1" \
		--transform 's|^build/[-a-z0-9]*/||;s|^sim/run/||' "${list[@]}"
	[ -z "${XVIO_OVERLAY-}" ] || tar -rf "$1" -C "$XVIO_OVERLAY" .
}

# Programs of the tests that run in the server. Once, before any server is started: two may be at a time.
server_tools() {
	local name from to
	for name in ring_probe vf_probe hostile_probe vdpa_probe; do
		from=$xvio_root/tests/system/$name.c to=$xvio_build/server-tools/$name
		[ "$from" -nt "$to" ] || continue
		mkdir -p "${to%/*}"
		gcc -std=gnu11 -O2 -Wall -Wextra -I"$xvio_root/include" -o "$to" "$from" || return 1
	done
	server_module virtio_filter && server_vdpa_sim
}

# The kernel's simulated vDPA device, which Debian does not build: one module of its sources.
server_vdpa_sim() {
	local from=$xvio_cache/kernel/tests/drivers dir=$xvio_build/server-tools/vdpa_sim f
	[ "$from/vdpa/vdpa_sim/vdpa_sim.c" -nt "$xvio_build/server-tools/vdpasim.ko" ] || return 0
	mkdir -p "$dir"
	for f in vdpa/vdpa_sim/vdpa_sim.{c,h} vdpa/vdpa_sim/vdpa_sim_net.c vhost/vringh.c; do
		ln -sf "$from/$f" "$dir/"
	done
	printf 'obj-m := vdpasim.o\nvdpasim-y := vdpa_sim.o vdpa_sim_net.o vringh.o\n' >"$dir/Kbuild"
	make -s -C "$xvio_build/kernel" M="$dir" CONFIG_DEBUG_INFO_BTF_MODULES= modules &&
		cp "$dir/vdpasim.ko" "$xvio_build/server-tools/"
}

# server_module NAME: a kernel module of the tests, as xvio.ko is built: from links.
server_module() {
	local from=$xvio_root/tests/system/$1 dir=$xvio_build/server-tools/$1 to=$xvio_build/server-tools/$1.ko
	[ "$from/$1.c" -nt "$to" ] || return 0
	mkdir -p "$dir"
	ln -sf "$from"/* "$dir/"
	make -s -C "$xvio_build/kernel" M="$dir" CONFIG_DEBUG_INFO_BTF_MODULES= modules && cp "$dir/$1.ko" "$to"
}

# The run directory: sockets (short paths), the card's RAM and flash, the payload.
server_prepare() {
	local shm=/dev/shm
	mkdir -p "$LOGS"
	server_dir=$(mktemp -d "${TMPDIR:-/tmp}/xvio.XXXXXX")
	[ -w "$shm" ] || shm=$server_dir
	card_ram=$(mktemp "$shm/xvio-card.XXXXXX")
	server_payload "$server_dir/payload.tar"
	truncate -s %4096 "$server_dir/payload.tar"
	server_flash
	if [ -e "$xvio_build/rv64/rom.bin" ]; then
		cp "$xvio_build/rv64/rom.bin" "$server_dir/rom.bin"
		truncate -s 32M "$server_dir/rom.bin"
	fi
}

# 16 MiB of ones: a card fresh from the factory; or, with FLASHED=1, the firmware in its first slot.
server_flash() {
	head -c 16M /dev/zero | tr '\0' '\377' >"$server_dir/flash.bin"
	[ "$FLASHED" = 0 ] || dd if="$xvio_build/rv64/xvio-fw.img" of="$server_dir/flash.bin" \
		bs=1M seek=1 conv=notrunc status=none
}

# The server's command line, in server_args. One CPU: docs/decisions/0005.
server_command() {
	local d=$server_dir append="console=ttyS0 panic=-1 quiet mitigations=off net.ifnames=0 log_buf_len=4M" n
	server_args=(-nodefaults -no-user-config -nographic -no-reboot -monitor none
		-L "$xvio_build/server/rom" -accel tcg,thread=multi,tb-size=512
		-M q35 -bios qboot.rom -cpu max -smp "${XVIO_CPUS:-1}" -m "${XVIO_MEMORY:-3G}"
		-kernel "$xvio_build/server/vmlinux" -initrd "$xvio_build/server/root.cpio"
		-qmp "unix:$d/qmp.sock,server=on,wait=off" -serial chardev:con
		-drive "file=$d/payload.tar,format=raw,if=none,id=payload,readonly=on"
		-drive "file=$xvio_build/clients.img,format=raw,if=none,id=clients,readonly=on"
		-chardev "socket,id=agent,path=$d/agent.sock,server=on,wait=off")
	if [ "$IOMMU" = 1 ]; then
		server_args+=(-device "intel-iommu,intremap=on,caching-mode=on")
		append+=" intel_iommu=on"
	fi
	server_args+=(-device virtio-blk-pci,drive=payload -device virtio-blk-pci,drive=clients -device virtio-serial-pci
		-device virtserialport,chardev=agent,name=xvio.agent)
	for n in 0 1; do
		server_args+=(-netdev "hubport,id=w$n,hubid=$n"
			-device "virtio-net-pci,netdev=w$n,romfile=,mac=52:54:00:77:00:0$n")
		[ "$CARD" = 0 ] || server_args+=(-netdev "hubport,id=u$n,hubid=$n")
	done
	[ -z "$CABLES" ] || server_cables
	if [ "$CARD" != 0 ]; then
		server_args+=(-device pcie-root-port,id=slot0,chassis=1,slot=1
			-object "memory-backend-file,id=cardram,mem-path=$card_ram,share=on,size=128M"
			-chardev "socket,id=iv,path=$d/iv.sock,server=on,wait=off"
			-chardev "socket,id=socctl,path=$d/soc-ctl.sock,server=on,wait=off"
			-device "xvio,id=card0,bus=slot0,ram=cardram,flash=$d/flash.bin,ivshmem=iv,socctl=socctl,uplink0=u0,uplink1=u1")
	fi
	[ -z "${XVIO_TRACE-}" ] || server_args+=(-trace "$XVIO_TRACE" -D "$LOGS/trace.log")
	[ "${1-}" != shell ] || append+=" xvio.shell"
	server_args+=(-append "$append${XVIO_APPEND:+ $XVIO_APPEND}")
}

# The other server on both uplinks, and on a NIC of its own besides, for what is between the servers themselves.
server_cables() {
	local n server=off
	[ "$CABLES_END" != 1 ] || server=on
	for n in 0 1 2; do
		server_args+=(-netdev "stream,id=cable$n,server=$server,addr.type=unix,addr.path=$CABLES/$n"
			-netdev "hubport,id=c$n,hubid=$n,netdev=cable$n")
	done
	server_args+=(-netdev hubport,id=m0,hubid=2
		-device "virtio-net-pci,netdev=m0,romfile=,mac=52:54:00:77:01:0$CABLES_END")
}

# wait_for SECONDS WHAT TEST...: poll a command five times a second.
wait_for() {
	local n=$(($1 * 5)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $((n--)) -gt 0 ] || { warn "waited in vain for $what"; return 1; }
		sleep 0.2
	done
}

# The SoC of the card, which connects to the sockets the server's QEMU has opened.
soc_start() {
	local d=$server_dir harts=${XVIO_HARTS:-2}
	case $SOC in
	rv64)
		tied qemu-system-riscv64 -nodefaults -display none -no-user-config \
			-object "memory-backend-file,id=card,mem-path=$card_ram,share=on,size=128M" \
			-machine virt,memory-backend=card,aia=aplic-imsic -m 128M \
			-smp "$harts" -bios none \
			-drive "if=pflash,unit=0,format=raw,readonly=on,file=$d/rom.bin" \
			-chardev "socket,id=iv,path=$d/iv.sock" -device ivshmem-doorbell,vectors=8,chardev=iv \
			-chardev "socket,id=ctl,path=$d/soc-ctl.sock" -mon chardev=ctl,mode=control \
			-serial "file:$LOGS/soc-console.log" </dev/null >"$LOGS/soc.log" 2>&1 & ;;
	native)
		tied "$xvio_build/native/xvio-soc" --ram "$card_ram" --ivshmem "$d/iv.sock" \
			--ctl "$d/soc-ctl.sock" --harts "$harts" </dev/null >"$LOGS/soc.log" 2>&1 & ;;
	*) die "SOC=$SOC: neither rv64 nor native" ;;
	esac
	soc_pid=$!
}

# server_start: boot it, and come back when its agent answers; 1 if it does not.
server_start() {
	local t=$SECONDS
	server_prepare
	server_command
	server_args+=(-chardev "file,id=con,path=$LOGS/server.log")
	tied "$xvio_build/qemu/qemu-system-x86_64" "${server_args[@]}" \
		</dev/null >"$LOGS/qemu.log" 2>&1 &
	server_pid=$!
	wait_for 20 "the server's QEMU" test -S "$server_dir/agent.sock" || return 1
	[ "$CARD" = 0 ] || soc_start
	agent_connect || return 1
	server_seconds=$((SECONDS - t))
}

# One connection to the agent for as long as the server lives.
agent_connect() {
	local n line
	coproc AGENT { tied socat - "UNIX-CONNECT:$server_dir/agent.sock"; }
	agent_pid=$!
	exec {agent_in}<&"${AGENT[0]}" {agent_out}>&"${AGENT[1]}"
	for n in {1..120}; do
		server_alive || return 1
		echo "ping:$n 0 0" >&"$agent_out" || return 1
		while read -r -t 1 -u "$agent_in" line; do
			[[ $line != *"ping:$n=pong" ]] || return 0
		done
	done
	warn "the server did not boot within two minutes"
	return 1
}

server_alive() { [ -n "$server_pid" ] && kill -0 "$server_pid" 2>/dev/null; }
soc_alive() { [ -n "$soc_pid" ] && kill -0 "$soc_pid" 2>/dev/null; }

# server_run SECONDS COMMAND: run it in the server, its output here as it comes, its exit status
# (124: time was up); 125 when the server itself no longer answers.
server_run() {
	local seconds=$1 mark line part='' end
	mark=x:$RANDOM$RANDOM$RANDOM
	end=$((SECONDS + seconds + 15))
	printf '%s %d %s\n' "$mark" "$seconds" "$(base64 -w 0 <<<"$2")" >&"$agent_out" || return 125
	while server_alive && [ "$SECONDS" -lt "$end" ]; do
		if ! IFS= read -r -t 1 -u "$agent_in" line; then
			part+=$line
			continue
		fi
		line=$part$line part=''
		case $line in
		"$mark|"*) printf '%s\n' "${line#"$mark|"}" ;;
		"$mark="*) return "${line#*=}" ;;
		esac
	done
	return 125
}

# stop_process PID: ask, wait two seconds, insist.
stop_process() {
	local n
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || true
	for n in {1..20}; do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

server_stop() {
	if [ -n "$agent_in" ]; then
		exec {agent_in}<&- {agent_out}>&-
		agent_in=''
	fi
	stop_process "$agent_pid"
	stop_process "$server_pid"
	stop_process "$soc_pid"
	server_pid='' soc_pid='' agent_pid=''
	[ -z "$card_ram" ] || rm -f "$card_ram"
	[ -z "$server_dir" ] || rm -rf "$server_dir"
	server_dir='' card_ram=''
}

# What to read when something went wrong.
server_logs() {
	local f
	for f in server.log qemu.log soc.log soc-console.log; do
		[ ! -s "$LOGS/$f" ] || echo "  $LOGS/$f"
	done
}
