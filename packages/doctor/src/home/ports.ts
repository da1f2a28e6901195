// The ports of a running server, in its own words: /api/home names a port that it does not have, and the finding for
// that.
import { type Observation, observe } from '../finding.ts';
import { probe } from '../net/probe.ts';
import type { FindingCode } from '../words/codes.ts';

interface OwnPort {
  site: string;
  port: number;
  state: string;
  /** Of a port that is not available. */
  fault: { code: string; cause: string } | undefined;
}

/** The ports that the server at `url` names. Empty if it does not answer as Moult does. Never throws. */
export async function askPorts(url: URL): Promise<OwnPort[]> {
  const { outcome } = await probe({ url: homeOf(url), method: 'GET' });
  if (outcome.kind !== 'answer' || outcome.status !== 200) return [];
  try {
    const home: unknown = JSON.parse(outcome.body.toString('utf8'));
    const ports = fieldOf(fieldOf(home, 'selfUpdate'), 'ports');
    return Array.isArray(ports) ? ports.flatMap(readPort) : [];
  } catch {
    return [];
  }
}

/** The port where old agents find the tree: a number, or off. Undefined if the server does not say. */
export function selfUpdatePortIn(ports: readonly OwnPort[]): string | undefined {
  const place = ports.find(({ site }) => site === 'self-update');
  if (place === undefined) return undefined;
  return place.state === 'off' ? 'off' : String(place.port);
}

/** A finding for each port that the server calls not available. Pure. */
export function observePorts(url: URL, ports: readonly OwnPort[]): Observation[] {
  return ports.flatMap(({ port, fault }) => {
    const code = portFindings.find((one) => one === fault?.code);
    if (!fault || !code) return [];
    const { origin } = new URL(`http://${url.hostname}:${port}`);
    const values = { treePort: String(port), product: 'moult' };
    return [observe(code, 'fail', ['server', origin], values, [{ source: homeOf(url), text: fault.cause }])];
  });
}

/** The findings that a server names by itself. */
const portFindings: readonly FindingCode[] = [
  'DOCTOR_PORT_NOT_ALLOWED',
  'DOCTOR_PORT_TAKEN',
  'DOCTOR_PORT_REFUSED',
  'DOCTOR_PORT_ANSWERS_WRONG',
];

function homeOf({ origin }: URL): string {
  return `${origin}/api/home`;
}

function readPort(value: unknown): OwnPort[] {
  const [site, port, state, fault] = ['site', 'port', 'state', 'fault'].map((name) => fieldOf(value, name));
  if (typeof site !== 'string' || typeof port !== 'number' || typeof state !== 'string') return [];
  const [code, cause] = [fieldOf(fault, 'code'), fieldOf(fault, 'cause')];
  const isTold = typeof code === 'string' && typeof cause === 'string';
  return [{ site, port, state, fault: isTold ? { code, cause } : undefined }];
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
