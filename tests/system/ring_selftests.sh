#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own tests of rings, tools/virtio: virtio_test, which is the kernel's driver side of a ring
# in user space, drives a queue of xvio-vhost (a million buffers each time, each counted by a rule), and
# vringh_test shows that this driver side is sound where the kernel is the device.
# needs: nothing
# seconds: 600
. "$(dirname "$0")/vhost/lib.sh"

kernel=${XVIO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xvio}/kernel/tests
here=$(dirname "$(readlink -f "$0")")/vhost
num=1048576

# build NAME SOURCE... -- OPTIONS: a program of tools/virtio's and the kernel's files.
build() {
	local name=$1 dir=$vhost_dir/tools f objects=()
	shift
	mkdir -p "$dir/linux"
	ln -sfn "$kernel/include/linux/compiler-context-analysis.h" "$dir/linux/"
	while [ "$1" != -- ]; do
		f=$dir/$(basename "$1").o
		objects+=("$f")
		[ -e "$f" ] || gcc -g -O2 -w -pthread -fno-strict-aliasing -fno-common -U_FORTIFY_SOURCE \
			-I"$kernel/tools/virtio" -I"$kernel/tools/include" -I"$dir" -include "$kernel/include/linux/kconfig.h" \
			-include "$here/kernel_env.h" -c -o "$f" "$kernel/$1.c" || return 1
		shift
	done
	shift
	gcc -pthread -o "$vhost_dir/$name" "${objects[@]}" "$@"
}
build_virtio_test() {
	gcc -std=gnu11 -O2 -g -Wall -Wextra -c -o "$vhost_dir/vhost_test.o" "$here/vhost_test.c" &&
		build virtio_test tools/virtio/virtio_test drivers/virtio/virtio_ring -- "$vhost_dir/vhost_test.o" \
			-Wl,--wrap=open,--wrap=ioctl,--wrap=malloc,--wrap=free,--wrap=posix_memalign
}

check "the kernel's vringh_test compiles" \
	build vringh_test tools/virtio/vringh_test drivers/vhost/vringh drivers/virtio/virtio_ring -- || die "no vringh_test"
for options in "" "--indirect" "--eventidx" "--virtio-1 --indirect --eventidx"; do
	# shellcheck disable=SC2086
	check "vringh_test ${options:-with the plainest ring}" timeout 60 "$vhost_dir/vringh_test" $options
done
check "virtio_test compiles, for vhost-user" build_virtio_test || die "no virtio_test"

# ring FLAVOUR OPTIONS...: virtio_test on a fresh xvio-vhost; with --reset some buffers go twice.
ring() {
	local flavour=$1 rc=0 out name
	shift
	name="virtio_test $*${flavour#vhost}"
	vhost_start "$flavour" <<-END
		port add a socket @/a.sock
		filter add dev a prio 1 handle 9 protocol all flower action drop
	END
	out=$(XVIO_SOCKET=$vhost_dir/a.sock timeout 120 "$vhost_dir/virtio_test" "$@" 2>&1) || rc=$?
	check_eq "$name: all buffers are used once" "started=0x100000 completed=0x100000 0" \
		"$(grep -o 'started.*' <<<"$out") $rc"
	case " $* " in
	*reset*) check_ge "$name: and counted" $num "$(vhost_rule_packets 9)" ;;
	*) check_eq "$name: and counted" $num "$(vhost_rule_packets 9)" ;;
	esac
	check_eq "$name: no ring error" 0 \
		"$(vhost_ask "sum(n for name, n in a['stats'].items() if 'err' in name or name in ('drop_malformed', 'iotlb_refused'))" stats port a)"
	check "$name: xvio-vhost is well" vhost_alive
	vhost_kill "$vhost_pid"
}

ring vhost --no-indirect --no-event-idx --batch=random
ring vhost --no-indirect --batch=random
ring vhost --no-indirect --delayed-interrupt --batch=random
ring vhost --no-indirect --batch=random --reset=100
ring vhost --no-indirect --no-event-idx --batch=random --reset=100
ring vhost-san --no-indirect --batch=random
check_eq "nothing to complain about" "" "$(grep -E 'ERROR|runtime error' "$vhost_dir/switch.log")"
