#!/bin/sh
# Installs what the laboratories of this folder need on Debian: ip, nft, sysctl, setpriv; miniupnpd (a router with UPnP) and
# libfaketime (a wrong clock). Run as root.
set -e
packages=""
command -v nft >/dev/null || packages="$packages nftables"
command -v ip >/dev/null || packages="$packages iproute2"
command -v sysctl >/dev/null || packages="$packages procps"
command -v setpriv >/dev/null || packages="$packages util-linux"
command -v miniupnpd >/dev/null || packages="$packages miniupnpd-nftables"
command -v faketime >/dev/null || packages="$packages faketime"
if [ -n "$packages" ]; then
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
fi
