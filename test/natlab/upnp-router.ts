/** Chains that miniupnpd fills (Debian's nft_init.sh); they are jumped to from where its rules count. */
export function upnpRuleset(): string {
  return `chain pre {
type nat hook prerouting priority -100
jump prerouting_miniupnpd
}
chain prerouting_miniupnpd {
}
chain postrouting_miniupnpd {
}`
}

/** A configuration of miniupnpd for a box with `wan` and `lan`. */
export function upnpDaemon(name: string, refuses: boolean): string {
  return `ext_ifname=wan
listening_ip=lan
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
system_uptime=yes
uuid=00000000-0000-4000-8000-000000000001
friendly_name=${name}
upnp_table_name=filter
upnp_nat_table_name=nat
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
notify_interval=60
lease_file=
${refuses ? '' : 'allow 1024-65535 192.168.1.0/24 1024-65535\n'}deny 0-65535 0.0.0.0/0 0-65535
`
}
