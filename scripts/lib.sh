# Sourced by the scripts of this folder: paths, stage lines, packages.
# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0

set -euo pipefail
umask 022
export LC_ALL=C

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=$repo/build
cache=${XDG_CACHE_HOME:-$HOME/.cache}/book3s-hv
logs=$build/logs
prog=${0##*/}
jobs=${JOBS:-$(nproc)}
tarball=${LINUX_TARBALL:-/usr/src/linux-source-6.1.tar.xz}
mkdir -p "$build" "$logs" "$cache"

# A jobserver of scripts/test is the only one; make's own is closed to the commands of a rule
[ -n "${TEST_JOBSERVER:-}" ] || unset MAKEFLAGS MFLAGS

# One clock for all scripts started by one command
export STAGE_T0=${STAGE_T0:-$(date +%s)}

stage()
{
	printf '[%4ds] %s\n' $(($(date +%s) - STAGE_T0)) "$*" >&2
}

die()
{
	printf '%s: %s\n' "$prog" "$*" >&2
	exit 1
}

# run_logged LOG COMMAND...: output to LOG, its last lines shown on failure
run_logged()
{
	local log=$1 rc=0

	shift
	"$@" > "$log" 2>&1 < /dev/null || rc=$?
	if [ $rc -ne 0 ]; then
		grep -nE '(error|Error|undefined|failed|\*\*\*)' "$log" | tail -n 20 >&2 || :
		tail -n 15 "$log" >&2
		die "failed ($rc): $* (log: ${log#"$repo"/})"
	fi
}

# How far a build is, by the lines of its LOG: count_X LOG TOTAL prints "N OF WHAT"
count_kbuild()
{
	echo "$(grep -cE '^  (CC|AS|HOSTCC|LDS|VDSO..[AC]) ' "$1") $2 objects"
}

count_ninja()
{
	sed -nE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 \2 objects/p' "$1" | tail -n 1
}

# Each package is fetched, unpacked and set up
count_apt()
{
	awk '/^(Get:|Unpacking |Setting up )/ { n++ }
		match($0, /[0-9]+ newly installed/) { m = 3 * substr($0, RSTART) }
		END { print n + 0, m + 0, "steps" }' "$1"
}

# watch_progress LABEL COUNT LOG TOTAL: until the script ends or its caller ends this.
# One line that is rewritten on a terminal, else one a minute; build/logs/LABEL.progress
# has the same for scripts/test.
watch_progress()
{
	local label=$1 count=$2 log=$3 total=$4 begin said=0 now n m what text left

	begin=$(date +%s)
	# read, not sleep, which would outlive this and keep the locks of the script
	while { read -rt 2 <> <(:) || :; } && kill -0 $$ 2> /dev/null; do
		read -r n m what < <($count "$log" "$total" 2> /dev/null) || continue
		now=$(date +%s)
		if [ "${m:-0}" -ge "${n:-0}" ] && [ "${n:-0}" -gt 0 ]; then
			left=$(((now - begin) * (m - n) / n))
			text="$n of $m $what, $((100 * n / m)) %, $((left / 60)):$(printf %02d $((left % 60))) left"
		else
			text="${n:-0} $what"
		fi
		echo "$text" > "$logs/$label.progress"
		if [ -t 2 ]; then
			printf '\r\033[K[%4ds] %s: %s' $((now - STAGE_T0)) "$label" "$text" >&2
		elif [ $((now - begin - said)) -ge 60 ]; then
			said=$((now - begin))
			stage "$label: $text"
		fi
	done
}

# end_progress LABEL PID
end_progress()
{
	kill "$2" 2> /dev/null || :
	wait "$2" 2> /dev/null || :
	rm -f "$logs/$1.progress"
	[ ! -t 2 ] || printf '\r\033[K' >&2
}

# run_watched LABEL COUNT LOG TOTAL COMMAND...: run_logged with progress
run_watched()
{
	local label=$1 log=$3 watcher

	: > "$log"
	watch_progress "$1" "$2" "$3" "$4" &
	watcher=$!
	shift 4
	run_logged "$log" "$@"
	end_progress "$label" $watcher
}

# Serialise what changes a tree under build/, or one in the cache, which several
# clones may share: lock NAME [FOLDER] (until the script ends)
lock()
{
	local fd

	exec {fd}> "${2:-$build}/.lock-$1"
	flock -n "$fd" && return
	stage "waiting for another $prog of $1"
	flock "$fd"
}

# need_packages GROUP...: install what is missing, or name all of it at once
need_packages()
{
	local group p f miss=() want=() apt_install

	for group; do
		case $group in
		base)	want+=(linux-source-6.1:/usr/src/linux-source-6.1.tar.xz
				xz-utils:xz unifdef:unifdef git:git python3:python3 patch:patch) ;;
		kernel)	want+=(make:make gcc:gcc libc6-dev:/usr/include/stdio.h
				bison:bison flex:flex bc:bc libssl-dev:/usr/include/openssl/ssl.h
				libelf-dev:/usr/include/libelf.h kmod:depmod perl:perl ccache:ccache
				gcc-powerpc64le-linux-gnu:powerpc64le-linux-gnu-gcc
				gcc-powerpc64-linux-gnu:powerpc64-linux-gnu-gcc) ;;
		user)	want+=(libc6-dev-ppc64el-cross:/usr/powerpc64le-linux-gnu/include/stdio.h
				libc6-dev-ppc64-cross:/usr/powerpc64-linux-gnu/include/stdio.h) ;;
		rootfs)	want+=(cpio:cpio debian-archive-keyring:/usr/share/keyrings/debian-archive-keyring.gpg
				binutils-powerpc64le-linux-gnu:powerpc64le-linux-gnu-readelf) ;;
		run)	want+=(qemu-system-ppc:qemu-system-ppc64) ;;
		lab)	want+=(gcc:gcc libc6-dev:/usr/include/stdio.h make:make
				ninja-build:ninja meson:meson pkg-config:pkg-config
				python3-venv:/usr/share/doc/python3-venv
				libglib2.0-dev:/usr/include/glib-2.0/glib.h
				libpixman-1-dev:/usr/include/pixman-1/pixman.h
				libfdt-dev:/usr/include/libfdt.h zlib1g-dev:/usr/include/zlib.h
				qemu-system-data:/usr/share/qemu/skiboot.lid) ;;
		static)	want+=(sparse:sparse codespell:codespell man-db:man) ;;
		static-qemu) want+=(make:make gcc:gcc bzip2:bzip2 ninja-build:ninja meson:meson pkg-config:pkg-config
				python3-venv:/usr/share/doc/python3-venv
				gcc-powerpc64-linux-gnu:powerpc64-linux-gnu-gcc
				libc6-dev-ppc64-cross:/usr/powerpc64-linux-gnu/include/stdio.h
				qemu-system-data:/usr/share/qemu/slof.bin) ;;
		bench)	want+=(gnuplot-nox:gnuplot) ;;
		fuzz)	want+=(make:make clang:clang libc6-dev:/usr/include/stdio.h
				libclang-rt-14-dev:/usr/share/doc/libclang-rt-14-dev) ;;
		coverage)	want+=(make:make gcc:gcov libc6-dev:/usr/include/stdio.h) ;;
		models)	want+=(gcc:gcc libc6-dev:/usr/include/stdio.h spin:spin) ;;
		*)	die "no package group '$group'" ;;
		esac
	done
	for p in "${want[@]}"; do
		f=${p#*:} p=${p%%:*}
		case $f in
		/*)	[ -e "$f" ] || miss+=("$p") ;;
		*)	command -v "$f" > /dev/null || miss+=("$p") ;;
		esac
	done
	[ ${#miss[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		die "missing packages, install them as root: apt-get install ${miss[*]}"
	fi
	stage "installing ${miss[*]}"
	mkdir -p "$logs"
	apt_install=(apt-get -y --no-install-recommends install "${miss[@]}")
	export DEBIAN_FRONTEND=noninteractive
	watch_progress packages count_apt "$logs/apt.log" '' &
	p=$!
	if ! "${apt_install[@]}" > "$logs/apt.log" 2>&1; then
		# A machine that never ran apt-get update, or an old package list
		apt-get update > "$logs/apt-update.log" 2>&1 || :
		run_logged "$logs/apt.log" "${apt_install[@]}"
	fi
	end_progress packages $p
}

# whole FOLDER: the files of a folder are those that its sums are of
whole()
{
	[ -s "$1/SHA256SUMS" ] && (cd "$1" && sha256sum --quiet -c SHA256SUMS) > /dev/null 2>&1
}

# The mirrors of the system's own apt, as sources of source packages
source_mirrors()
{
	apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(CODENAME)' \
		'Created-By: Packages' 2> /dev/null |
		awk -F'|' '$1 == "Debian" && $4 ~ /^bookworm/ && !seen[$0]++ {
			print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " $2 " " $4 " main" }'
}

# fetch_sources [--refresh] FOLDER PACKAGE...: Debian's source packages into FOLDER unless
# they are there, with the sums taken when apt had verified them.  Of PACKAGE/tar only
# upstream's archive.  --refresh asks the mirrors for newer ones.  The folder beside it,
# apt, has apt's state.
fetch_sources()
(
	refresh=
	[ "$1" != --refresh ] || { refresh=1; shift; }
	src=$1 state=${1%/*}/apt tmp=$1.tmp label=${1#"$cache"/}
	shift
	mkdir -p "${src%/*}"
	lock "source-${label//\//-}" "$cache"
	[ -z "$refresh" ] && whole "$src" && exit
	stage "fetching Debian's source packages: $*"
	need_packages rootfs
	rm -rf "$tmp" "$state"
	mkdir -p "$tmp" "$state/lists/partial"
	source_mirrors > "$state/sources.list"
	if [ ! -s "$state/sources.list" ] && [ "$(id -u)" = 0 ]; then
		apt-get update > "$logs/apt-update.log" 2>&1 || :
		source_mirrors > "$state/sources.list"
	fi
	[ -s "$state/sources.list" ] ||
		die "no mirror of Debian bookworm in the apt configuration (apt-get indextargets)"
	cat > "$state/apt.conf" <<-CONF
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::Etc::sourcelist "$state/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$state/lists";
	CONF
	export APT_CONFIG=$state/apt.conf
	apt-get update > "$logs/source-update.log" 2>&1 ||
		stage "warning: $(grep -m1 '^E:' "$logs/source-update.log")"
	cd "$tmp"
	for p; do
		case $p in
		*/tar)	run_logged "$logs/source-fetch.log" apt-get source --download-only --tar-only "${p%/tar}" ;;
		*)	run_logged "$logs/source-fetch.log" apt-get source --download-only "$p" ;;
		esac
	done
	sha256sum -- *_* > SHA256SUMS
	rm -rf "$src"
	mv "$tmp" "$src"
)

# unpack_source FOLDER PACKAGE DIR: one of them into DIR, with Debian's patches
unpack_source()
{
	local p archive

	mkdir -p "$3/debian"
	for archive in "$1/$2"_*.orig.tar.*; do
		tar -C "$3" --strip-components=1 -xf "$archive"
	done
	for archive in "$1/$2"_*.debian.tar.*; do
		[ ! -f "$archive" ] || tar -C "$3" -xf "$archive"
	done
	[ -f "$3/debian/patches/series" ] || return 0
	sed -E 's/(^|[[:space:]])#.*//' "$3/debian/patches/series" | awk 'NF { print $1 }' | while read -r p; do
		(cd "$3" && run_logged "$logs/source-patch.log" patch -s -p1 -i "debian/patches/$p")
	done
}

# Key of files by content
hash_of()
{
	cat -- "$@" | sha256sum | cut -c1-16
}

# Key of the Linux tarball, kept beside size and time: hashing takes a second
tarball_key()
{
	local memo=$cache/tarball.key stamp

	stamp=$(stat -c '%n %s %Y' "$tarball")
	if [ "$(head -n1 "$memo" 2> /dev/null)" != "$stamp" ]; then
		printf '%s\n%s\n' "$stamp" "$(hash_of "$tarball")" > "$memo.$$"
		mv "$memo.$$" "$memo"
	fi
	tail -n1 "$memo"
}

# unpack_linux DIR: the tarball without the sources of other architectures and of the
# drivers that take most room; all Kconfig files and Makefiles stay, they name one another
unpack_linux()
{
	local top=linux-source-6.1 skip=() f

	for f in 'arch/[a-oq-z]*' arch/parisc sound drivers/gpu drivers/media drivers/staging \
		 drivers/net/ethernet drivers/net/wireless drivers/infiniband drivers/scsi; do
		skip+=(--exclude="$top/$f/*."{'[chSs]','dts*',pl,config} --exclude="$top/$f/*onfig/*")
	done
	rm -rf "$1" "$1.tmp"
	mkdir -p "$1.tmp"
	tar -xJf "$tarball" -C "$1.tmp" --strip-components=1 "${skip[@]}" ||
		die "cannot unpack $tarball"
	mv "$1.tmp" "$1"
}
