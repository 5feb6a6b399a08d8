#!/bin/sh
# Installs what `npm run test:nat` needs on Debian: ip, nft, sysctl. Run as root.
set -e
if ! command -v nft >/dev/null || ! command -v ip >/dev/null || ! command -v sysctl >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends nftables iproute2 procps
fi
