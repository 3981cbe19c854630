#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A card fresh from the factory is flashed without a driver: bad images are refused, the good one
# runs and says the version that stands in the image.
# needs: blank
# seconds: 600
. "$(dirname "$0")/lib.sh"
script_begin

! driver_loaded || { guests_clear; rmmod xvio; }
image=$xvio/xvio-fw.img
bad=$state/bad.img
check "xvio-flash lists the card" sh -c "xvio-flash list | grep -q '$(card_bdf)'"
if card_running; then
	check "xvio-flash erases what an earlier test has flashed" xvio-flash erase -s "$(card_bdf)"
	xvio-flash reset -s "$(card_bdf)" || true
fi
check_not "a blank card runs nothing" card_running
note "$(xvio-flash list | tail -n 1)"

# spoil OFFSET: the image with one byte turned over.
spoil() {
	local byte
	cp "$image" "$bad"
	byte=$(od -An -t u1 -j "$1" -N 1 "$image")
	printf "\\x$(printf %02x $((byte ^ 0xff)))" | dd of="$bad" bs=1 seek="$1" conv=notrunc status=none
}
write_bad() { xvio-flash write "$bad" -s "$(card_bdf)"; }

spoil 0
check_not "an image without the magic number is refused" write_bad
spoil 20
check_not "an image with a damaged header is refused" write_bad
spoil $(($(stat -c %s "$image") / 2))
check_not "an image with a damaged body is refused" write_bad
head -c 1000 "$image" >"$bad"
check_not "a truncated image is refused" write_bad
: >"$bad"
check_not "an empty file is refused" write_bad
xvio-flash reset -s "$(card_bdf)" >/dev/null 2>&1
check_not "the card is still blank after all these" card_running

check "the good image is written" xvio-flash write "$image" -s "$(card_bdf)"
check "the card is reset into it" xvio-flash reset -s "$(card_bdf)"
check "the firmware runs" wait_for 10 card_running
note "$(card_version | tr '\n' ' ')"
check "again, after another reset" sh -c "xvio-flash reset -s $(card_bdf)"
check "the firmware runs" wait_for 10 card_running
# Two resets, the second at any moment of the first one's boot.
reset_twice() {
	local i
	for i in $(seq 60); do
		xvio-flash reset -s "$(card_bdf)" >/dev/null 2>&1 &
		sleep "0.$(printf %03d $((i * 4)))"
		xvio-flash reset -s "$(card_bdf)" >/dev/null 2>&1
		wait $!
		wait_for 10 card_running || { echo "not at $((i * 4)) ms: $(xvio-flash list | tail -n 1)"; return 1; }
	done
}
check "after two at a time" reset_twice
check "the driver takes the card" driver_load
check "devlink names the firmware's version" sh -c \
	"devlink dev info $(card_handle) | grep -q \"\$(xvio-flash version -s $(card_bdf) | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)\""
check "the kernel has nothing to complain about" kernel_clean
