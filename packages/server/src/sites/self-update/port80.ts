// The counterpart of WSUS's InstallSelfupdateOnPort80.vbs, which set up a virtual directory on the port-80 site: here
// the server itself listens, so there is nothing to install but there are reasons why it may not be able to.
import { createServer } from 'node:net';
import { privilegeWays } from '../../http/port-privilege.ts';
import { probeCabinet } from './probe.ts';

export interface Port80Report {
  host: string;
  port: number;
  fine: boolean;
  files: { path: string; answer: string; fine: boolean }[];
  /** One sentence: what is the case. */
  finding: string;
  /** What to do, in order; empty when all is fine. */
  remedies: string[];
}

const askedFiles = ['/selfupdate/wuident.cab', '/iuident.cab', '/wutrack.bin'];

/** Asks the port as an old client would, and says why it cannot be had when nobody answers. */
export async function checkPort80({ host = '127.0.0.1', port = 80 } = {}): Promise<Port80Report> {
  const probes = await Promise.all(askedFiles.map((path) => probeCabinet({ host, port, path, secure: false })));
  const files = probes.map(({ path, answer, fine }) => ({ path, answer, fine }));
  const base = { host, port, files };
  if (probes.every(({ fine }) => fine)) {
    return { ...base, fine: true, finding: `The self-update tree answers on port ${port}.`, remedies: [] };
  }
  const answered = probes.find(({ status }) => status !== undefined);
  if (answered) return { ...base, fine: false, ...otherServer(port, answered.server, probes) };
  return { ...base, fine: false, ...(await nobodyThere(port)) };
}

function otherServer(port: number, server: string, probes: { status: number | undefined }[]) {
  const statuses = [...new Set(probes.map(({ status }) => status ?? 'nothing'))].join(' and ');
  const name = server === '' ? 'A web server' : `A web server that calls itself ${server}`;
  return {
    finding: `${name} has port ${port} and answers ${statuses} where the self-update tree should be.`,
    remedies: [
      'Let it pass /iuident.cab, /wutrack.bin and /selfupdate on to Moult, without a logon. "moult doctor server URL --proxy-snippets nginx" prints the lines, also for apache, caddy, haproxy and iis-arr.',
      `Or stop it and start "moult serve --self-update-port ${port}".`,
    ],
  };
}

async function nobodyThere(port: number) {
  const reason = await whyNotBound(port);
  if (reason === 'EACCES') {
    return {
      finding: `Nobody listens on port ${port}, and this user may not: ports below 1024 need a privilege.`,
      remedies: [...privilegeWays(port), `Then start "moult serve --self-update-port ${port}".`],
    };
  }
  if (reason === 'EADDRINUSE') {
    return {
      finding: `A program has port ${port} but does not answer as a web server.`,
      remedies: [`Find it with "ss -ltnp 'sport = :${port}'" and stop it.`],
    };
  }
  return {
    finding: `Nobody listens on port ${port}, and nothing stands in the way.`,
    remedies: [`Start "moult serve --self-update-port ${port}".`],
  };
}

function whyNotBound(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(port, () => server.close(() => resolve(undefined)));
  });
}
