#!/bin/sh
# Installs what `npm run test:ops` needs on Debian: promtool and systemd-analyze. Run as root. Nothing of it is started.
set -e
packages=""
command -v promtool >/dev/null || packages="$packages prometheus"
command -v systemd-analyze >/dev/null || packages="$packages systemd"
if [ -n "$packages" ]; then
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $packages
fi
