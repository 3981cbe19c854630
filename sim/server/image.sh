# SPDX-License-Identifier: GPL-2.0-or-later
# How root file systems are made of Debian packages, for build-rootfs and build-clients, which source
# it: $work is a folder of theirs, deleted in the end; $work/stage holds all that the packages have.

here=$xvio_root/sim/server
debs=$xvio_cache/deb

# The server's kernel and its guests', and where both are unpacked.
kernel_versions() {
	version=$(cat "$debs/kernel/version")
	guest_version=$(cat "$debs/kernel/version.guest")
	kernel=$xvio_cache/kernel/$version
}

# What of a package is of no use here.
unwanted=(--exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale
	--exclude=./usr/share/info --exclude=./usr/share/lintian --exclude=./usr/share/bug
	--exclude=./usr/share/bash-completion --exclude=./usr/share/bash-builtins
	--exclude=./usr/share/perl5 --exclude=./usr/bin/qemu-system-i386
	--exclude=./usr/bin/qemu-system-x86_64-microvm --exclude=./usr/lib/systemd
	--exclude=./lib/systemd --exclude=./etc/init.d --exclude=./usr/include)

# skeleton DIR: an empty root with a merged /usr.
skeleton() {
	local d
	mkdir -p "$1"/{dev,proc,sys,run,tmp,root,opt,var,etc/xvio,usr/{bin,sbin,lib,lib64,lib/xvio}}
	for d in bin sbin lib lib64; do
		ln -s "usr/$d" "$1/$d"
	done
	echo 'root:x:0:0:root:/root:/bin/bash' >"$1/etc/passwd"
	echo 'root:x:0:' >"$1/etc/group"
	echo '127.0.0.1 localhost' >"$1/etc/hosts"
	printf '%s\n' "PS1='\\h# '" 'shopt -s checkwinsize' '. /opt/xvio/tests/system/lib.sh 2>/dev/null' \
		>"$1/etc/bashrc"
	cp "$here/init" "$1/init"
	cp "$here/agent" "$1/usr/lib/xvio/agent"
	chmod 755 "$1/init" "$1/usr/lib/xvio/agent"
}

# unpack DEB DIR: its files, without what is unwanted, into a merged root.
unpack() {
	dpkg-deb --fsys-tarfile "$1" |
		tar -xf - -C "$2" --keep-directory-symlink --no-same-owner "${unwanted[@]}"
}

# Everything the server's packages depend on: where libraries are looked for.
make_stage() {
	local deb
	skeleton "$work/stage"
	for deb in "$debs"/server/*.deb; do
		unpack "$deb" "$work/stage"
	done
}

# elf_files DIR: what of a root may be an ELF file.
elf_files() {
	find "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" -type f ! -name '*.ko' \
		\( -perm /111 -o -name '*.so*' \) -print
}

# add_libraries DIR FROM: copy the libraries its programs need, then what these need, from another root.
add_libraries() {
	local dir=$1 from=$2/usr/lib/x86_64-linux-gnu found lib wanting
	wanting=$(elf_files "$dir")
	while [ -n "$wanting" ]; do
		found=
		for lib in $(readelf -d $wanting 2>/dev/null |
				sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u) ld-linux-x86-64.so.2; do
			[ ! -e "$dir/usr/lib/x86_64-linux-gnu/$lib" ] || continue
			[ -e "$from/$lib" ] ||
				die "rootfs: no package has $lib"
			mkdir -p "$dir/usr/lib/x86_64-linux-gnu"
			cp -L "$from/$lib" "$dir/usr/lib/x86_64-linux-gnu/"
			found+=" $dir/usr/lib/x86_64-linux-gnu/$lib"
		done
		wanting=$found
	done
	ln -sfn ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$dir/usr/lib64/ld-linux-x86-64.so.2"
}

# add_busybox DIR: names of its applets, where no real program has the name.
add_busybox() {
	local applet
	ln -sf bash "$1/usr/bin/sh" # busybox's takes its own ip and tc for the real ones
	for applet in $("$work/stage/usr/bin/busybox" --list); do
		[ -e "$1/usr/bin/$applet" ] || [ -e "$1/usr/sbin/$applet" ] ||
			ln -s busybox "$1/usr/bin/$applet"
	done
}

# add_modules DIR TREE VERSION LIST: the modules of a list and their dependencies, unpacked, of the kernels in TREE.
add_modules() {
	local dir=$1 kernel=$2 version=$3 list=$4 name file lib
	lib=$dir/usr/lib/modules/$version
	mkdir -p "$lib"
	for name in $(list_packages "$list" | sed 's/^load //'); do
		modprobe -d "$kernel" -S "$version" --show-depends "$name" 2>/dev/null ||
			warn "rootfs: kernel $version has no module $name"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r file; do
		case $file in
		*.xz) xz -dc "$file" >"$lib/$(basename "$file" .xz)" ;;
		*.zst) zstd -qdc "$file" >"$lib/$(basename "$file" .zst)" ;;
		*) cp "$file" "$lib/" ;;
		esac
	done
	cp "$kernel/lib/modules/$version/modules.builtin"* "$kernel/lib/modules/$version/modules.order" "$lib/"
	depmod -b "$dir" "$version"
	sed -n 's/^load //p' "$list" >"$dir/etc/xvio/modules"
}

# read_le FILE OFFSET SIZE: a number in a file.
read_le() { od -An -v -t "u$3" -j "$2" -N "$3" "$1" | tr -d ' '; }

# extract_vmlinux BZIMAGE TO: the ELF kernel, by the boot protocol's payload_offset and _length.
extract_vmlinux() {
	local from size unpack
	from=$((($(read_le "$1" 0x1f1 1) + 1) * 512 + $(read_le "$1" 0x248 4)))
	size=$(($(read_le "$1" 0x24c 4) - 4))
	case $(od -An -t x1 -j "$from" -N 4 "$1" | tr -d ' ') in
	28b52ffd) unpack=zstd ;;
	fd377a58) unpack=xz ;;
	02214c18) unpack=lz4 ;;
	*) die "rootfs: $1: compressed in a way not known here" ;;
	esac
	dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip="$from" count="$size" status=none |
		"$unpack" -dc >"$2"
}

pack() { (cd "$1" && find . -print0 | sort -z | cpio --quiet -0 -o -H newc -R 0:0) >"$2"; }

# guest_root DIR PROGRAM...: a guest's root with some of the stage's programs, busybox for the rest.
guest_root() {
	local dir=$1 f
	shift
	skeleton "$dir"
	for f in "$@"; do
		cp "$(find "$work"/stage/usr/{bin,sbin} -name "$f" -print -quit)" "$dir/usr/bin/"
	done
	ln -s nc.openbsd "$dir/usr/bin/nc"
	for f in kmod modprobe; do ln -sf busybox "$dir/usr/bin/$f"; done
	echo guest >"$dir/etc/hostname"
	add_busybox "$dir"
	add_libraries "$dir" "$work/stage"
}
