#!/usr/bin/env bash
# Builds containers/Containerfile by buildah (Debian) without a network, and runs what it makes: bash test/recipes/build.sh TARBALL.
# No registry of images is asked: the image that it starts from is made here, of this machine's Node, npm and shell. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
tarball="$(realpath "${1:?the tarball of npm pack}")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export STORAGE_DRIVER=vfs
image() { unshare -n buildah --root "$work/store" --runroot "$work/run" "$@"; }

# Programs with the libraries that they are linked with.
root="$work/root"
for program in node sh rm env cat mkdir; do
  for file in "$(command -v "$program")" $(ldd "$(command -v "$program")" | grep -o '/[^ ]*'); do
    mkdir -p "$root/$(dirname "$file")"
    cp -L "$file" "$root/$file"
  done
done
mkdir -p "$root"/{bin,tmp,root,etc,usr/bin,usr/lib/node_modules}
[ -e "$root/bin/sh" ] || cp -L "$(command -v sh)" "$root/bin/sh"
echo root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
cp -rL "$(dirname "$(realpath "$(command -v npm)")")/.." "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
base="$(image from scratch)"
image copy -q "$base" "$root" / >/dev/null
image config --env PATH=/usr/local/bin:/usr/bin:/bin "$base"
image commit -q "$base" localhost/base >/dev/null

mkdir "$work/context"
cp "$tarball" "$work/context/"
image build --isolation chroot --pull-never --build-arg BASE=localhost/base -f containers/Containerfile -t localhost/atlasmtl "$work/context"
image run --isolation chroot "$(image from --pull-never localhost/atlasmtl)" -- atlasmtl --version
