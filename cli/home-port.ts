/** The first of the ports a home may get; below those that systems hand out by themselves (IANA: from 49152, Linux: from 32768). */
const FIRST_HOME_PORT = 16_384
const HOME_PORTS = 16_384

/** The port that follows from a name, from 16384 to 32767. */
export function homePort(name: string): number {
  let hash = 0
  for (const character of name) {
    hash = (hash * 31 + character.charCodeAt(0)) >>> 0
  }
  return FIRST_HOME_PORT + (hash % HOME_PORTS)
}
