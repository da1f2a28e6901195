// The right to open a port below 1024: one advice, for the terminal, the home page and `moult tree port80`.

/** The short advice: the way that fits a service, and where all ways are. */
export const privilegeAdvice =
  'give the service the right (systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE); "moult tree port80" lists all ways';

/** Every way to the right to open `port`, one sentence each. */
export function privilegeWays(port: number): string[] {
  return [
    'With systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit of the server.',
    'Or for this Node alone: sudo setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v node)")"',
    `Or for all users: sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
    `Or let a web server on port ${port} pass /iuident.cab, /wutrack.bin and /selfupdate on to Moult.`,
  ];
}
