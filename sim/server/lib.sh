# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the scripts of sim/: where the cache is, how progress is told, and apt with a private
# configuration, so that packages of other suites come from the machine's own mirror without its
# sources being touched. Sourced, never run.

xvio_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
xvio_cache=${XVIO_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xvio}
xvio_build=$xvio_root/build

# One clock for a whole run, also through the scripts it calls.
[ -z "${XVIO_T0-}" ] || SECONDS=$(($(date +%s) - XVIO_T0))

say() { printf '[%4ds] %s\n' "$SECONDS" "$*"; }
warn() { printf '[%4ds] %s\n' "$SECONDS" "$*" >&2; }
die() { warn "error: $*"; exit 1; }

# The header comment of a script is its --help.
usage() { sed -n '3,/^[^#]/{s/^# \{0,1\}//p}' "$0"; }

# list_packages FILE: the names in a package list, without comments.
list_packages() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

# apt_sources SUITE: one-line sources for the machine's own release plus SUITE, deb and deb-src.
apt_sources() {
	local own keyring=/usr/share/keyrings/debian-archive-keyring.gpg opt=
	# shellcheck disable=SC1091
	own=$(. /etc/os-release && echo "$VERSION_CODENAME")
	[ ! -e "$keyring" ] || opt="[signed-by=$keyring]"
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
	awk -v own="$own" -v suite="$1" -v opt="$opt" '
	$3 != "main" { next }
	$2 == own || $2 == own "-updates" || $2 == own "-security" { print "deb", opt, $1, $2, $3 }
	$2 == own && suite != own { print "deb", opt, $1, suite, $3 }
	$2 == own { print "deb-src", opt, $1, suite, $3 }' | sort -u
}

# apt_private SUITE COMMAND...: an apt tool that sees the machine's release and SUITE, writes only
# into our cache, and believes that nothing is installed.
apt_private() {
	local tool conf=$xvio_cache/apt/$1/apt.conf
	shift
	[ -s "$conf" ] || die "$conf: no package index, run sim/server/setup"
	tool=$1
	shift
	"$tool" -c "$conf" "$@"
}

# apt_update SUITE: make the private configuration and fetch its indexes.
apt_update() {
	local dir=$xvio_cache/apt/$1
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/parts"
	apt_sources "$1" >"$dir/sources.list"
	[ -s "$dir/sources.list" ] || die "apt knows no source for this Debian release"
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-END
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/parts";
		Dir::Etc::preferences "$dir/preferences";
		Dir::Etc::preferencesparts "$dir/parts";
		Dir::State::Lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Dir::Cache::pkgcache "$dir/cache/pkgcache.bin";
		Dir::Cache::srcpkgcache "$dir/cache/srcpkgcache.bin";
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		Acquire::Retries "3";
	END
	apt_private "$1" apt-get -qq update
}
