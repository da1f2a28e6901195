// The counterpart of WSUS's InstallSelfupdateOnPort80.vbs, which set up a virtual directory on the port-80 site: here
// the server itself listens. So no set-up is needed, but the server may not be able to listen.
import { createServer } from 'node:net';
import { faultOf, type PortFault, portNotHad } from '../../http/port-faults.ts';
import { probeCabinet } from './probe.ts';

export interface Port80Report {
  host: string;
  port: number;
  fine: boolean;
  files: { path: string; answer: string; fine: boolean }[];
  /** The finding of `moult doctor --explain CODE`. Undefined when all is fine. */
  code?: string;
  /** One sentence: what is the case. */
  finding: string;
  /** Steps, in order. Empty when all is fine. */
  remedies: string[];
}

const askedFiles = ['/selfupdate/wuident.cab', '/iuident.cab', '/wutrack.bin'];

/** Asks the port as an old client does. If nothing answers, it says why the server cannot have the port. */
export async function checkPort80({ host = '127.0.0.1', port = 80 } = {}): Promise<Port80Report> {
  const probes = await Promise.all(askedFiles.map((path) => probeCabinet({ host, port, path, secure: false })));
  const files = probes.map(({ path, answer, fine }) => ({ path, answer, fine }));
  const base = { host, port, files };
  if (probes.every(({ fine }) => fine)) {
    return { ...base, fine: true, finding: `The self-update tree answers on port ${port}.`, remedies: [] };
  }
  const answered = probes.find(({ status }) => status !== undefined);
  if (answered) return { ...base, fine: false, ...otherServer(port, answered.server, probes) };
  return { ...base, fine: false, ...(await noWebServer(port)) };
}

function otherServer(port: number, server: string, probes: { status: number | undefined }[]) {
  const statuses = [...new Set(probes.map(({ status }) => status ?? 'nothing'))].join(' and ');
  const name = server === '' ? 'A web server' : `A web server that calls itself ${server}`;
  const { finding, ...fault } = asFinding(faultOf('DOCTOR_PORT80_TREE_MISSING', here(port)));
  return { ...fault, finding: `${finding} ${name} has port ${port} and answers ${statuses} in place of the tree.` };
}

async function noWebServer(port: number) {
  const reason = await whyNotBound(port);
  if (reason !== undefined) return asFinding(portNotHad(port, reason));
  return asFinding(faultOf('DOCTOR_PORT80_MISSING', here(port)));
}

function here(port: number) {
  return { host: 'this machine', treePort: String(port) };
}

function asFinding({ code, headline, cause, steps }: PortFault) {
  return { code, finding: `${headline} ${cause}`, remedies: steps };
}

function whyNotBound(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message));
    server.listen(port, () => server.close(() => resolve(undefined)));
  });
}
