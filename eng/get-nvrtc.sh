#!/usr/bin/env bash
# Puts NVRTC 12.4 (libnvrtc12 and libnvrtc-builtins12.4 of Debian trixie, component non-free) into the user's cache, so that
# the kernels can be compiled and checked without a GPU, a CUDA toolkit or root. Prints the folder. Does nothing when it is there.
# The mirror is the one that this machine's own apt uses; apt checks the archive's signature. QATKIT_NVRTC names another folder.
set -euo pipefail

suite=trixie
packages=(libnvrtc12 libnvrtc-builtins12.4)
folder=${QATKIT_NVRTC:-${XDG_CACHE_HOME:-$HOME/.cache}/qatkit/nvrtc-12.4}

complete() { compgen -G "$1/libnvrtc.so.12*" >/dev/null && compgen -G "$1/libnvrtc-builtins.so.12*" >/dev/null; }
fail() { echo "get-nvrtc: $* Put libnvrtc.so.12 and libnvrtc-builtins.so.12.4 into a folder and set QATKIT_NVRTC to it." >&2; exit 1; }

if complete "$folder"; then echo "$folder"; exit 0; fi
[ -z "${QATKIT_NVRTC:-}" ] || [ ! -d "$QATKIT_NVRTC" ] || fail "QATKIT_NVRTC = '$QATKIT_NVRTC' has no NVRTC."
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "apt-get and dpkg-deb are needed."

# The Debian archive among the configured sources: the one that has this release's own suite.
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(apt-get indextargets --no-release-info --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk -v s="$codename" '$1 == s { print $2; exit }')
[ -n "$mirror" ] || fail "no apt source for the suite '$codename' is configured."
keys=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keys" ] || fail "the Debian archive's keys ($keys) are not installed."

# apt with a state of its own: the machine's sources and package lists stay as they are.
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir -p "$work"/state/lists/partial "$work"/cache/archives/partial "$work"/unpacked
: >"$work/status"
echo "deb [signed-by=$keys] $mirror $suite non-free" >"$work/sources.list"
apt=(apt-get -q -o "Dir::State=$work/state" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache"
    -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null
    -o APT::Sandbox::User=root -o Acquire::Retries=3
    -o Acquire::Languages=none)
"${apt[@]}" update >&2 || fail "apt could not read the suite '$suite'."
(cd "$work" && "${apt[@]}" download "${packages[@]}" >&2) || fail "apt could not download ${packages[*]}."

for deb in "$work"/*.deb; do dpkg-deb --extract "$deb" "$work/unpacked"; done
mkdir -p "$work/flat" "$(dirname -- "$folder")"
find "$work/unpacked" \( -name 'libnvrtc*.so*' -o -name copyright \) -print0 | while IFS= read -r -d '' file; do
    case $file in
        */copyright) cp -- "$file" "$work/flat/$(basename -- "$(dirname -- "$file")").copyright" ;;
        *) cp -a -- "$file" "$work/flat/" ;;
    esac
done
complete "$work/flat" || fail "the packages do not hold the two libraries."

# Published by one rename: a second run at the same time sees all or nothing.
aside="$folder.$$"
cp -a -- "$work/flat" "$aside"
mv -T -- "$aside" "$folder" 2>/dev/null || { rm -rf -- "$aside"; complete "$folder" || fail "'$folder' cannot be written."; }
echo "$folder"
