// A server from the outside, as each kind of client sees it.

import { defaultProbeLimits } from '../bounds.ts';
import { RequestError } from '../errors.ts';
import type { Observation } from '../finding.ts';
import { readCa } from '../net/ca.ts';
import { describeProbe } from '../net/probe.ts';
import { collectTlsFacts } from '../net/tls.ts';
import { observeTls } from '../net/tls-rungs.ts';
import { proxyKinds, proxySnippet } from '../proxy/snippets.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import type { FindingCode } from '../words/codes.ts';
import { type ClientKind, defaultClientKinds, parseClientKind } from './client-kind.ts';
import { collectServerFacts, type ServerFacts } from './collect.ts';
import { observeServer } from './rungs.ts';

/** Somebody else answers on the port: the exclusion is what keeps them off the four paths. */
const needsExclusion = new Set<FindingCode>(['DOCTOR_SHAREPOINT', 'DOCTOR_PORT80_TREE_MISSING']);

/** As typed: texts, which `examineServer` judges. */
export interface ServerOptions {
  client?: string[];
  selfUpdatePort?: string;
  ca?: string;
  timeout?: string;
}

/** Asks the server. The report has the words for a proxy in front where they are needed. Throws RequestError. */
export async function reportServer(
  url: URL,
  options: ServerOptions,
  progress: (text: string) => void,
): Promise<DoctorReport> {
  const { observations, facts } = await examineServer(url, options, progress);
  const report = makeReport(url.origin, observations, lookedAt(facts));
  if (report.findings.some(({ code }) => needsExclusion.has(code))) {
    report.snippets = proxyKinds.map((kind) => ({ title: kind, text: proxySnippet(kind, url) }));
  }
  return report;
}

/** Probes one server: facts and what they say. Shared with the examination of a client. Throws RequestError. */
export async function examineServer(
  url: URL,
  options: ServerOptions,
  progress: (text: string) => void,
): Promise<{ observations: Observation[]; facts: ServerFacts }> {
  const clients: readonly ClientKind[] = options.client?.length
    ? options.client.map(parseClientKind)
    : defaultClientKinds;
  const firstByteMs = parseSeconds(options.timeout) ?? defaultProbeLimits.firstByteMs;
  const limits = {
    ...defaultProbeLimits,
    firstByteMs,
    stallMs: firstByteMs,
    connectMs: Math.min(defaultProbeLimits.connectMs, firstByteMs),
  };
  const ca = readCa(options.ca);
  const selfUpdatePort = parsePort(options.selfUpdatePort ?? '80');
  const facts = await collectServerFacts({ url, clients, selfUpdatePort, ca, limits, now: () => new Date(), progress });
  const observations = observeServer(facts);
  if (url.protocol === 'https:')
    observations.push(...observeTls(await collectTlsFacts(url, { ca, timeoutMs: limits.connectMs }), new Date()));
  return { observations, facts };
}

/** A server address as people type it. Throws RequestError. */
export function parseServerUrl(address: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address : `http://${address}`;
  if (!URL.canParse(text)) throw new RequestError(`"${address}" is not an address; for example http://server:8530`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new RequestError(`"${address}": http:// or https://`);
  return url;
}

function parsePort(text: string): number | undefined {
  if (text === 'off') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new RequestError(`--self-update-port ${text}: a port, or off`);
  return port;
}

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0 && seconds <= 600)) throw new RequestError(`--timeout ${text}: seconds, up to 600`);
  return seconds * 1000;
}

export function lookedAt(facts: ServerFacts): DoctorReport['looked'] {
  const origins = facts.port80 ? [facts.main, facts.port80] : [facts.main];
  return origins.flatMap(({ files, services, wutrack }) => [
    ...files.map(({ get }) => ({ what: get.request.url, result: describeProbe(get) })),
    ...(wutrack ? [{ what: wutrack.request.url, result: describeProbe(wutrack) }] : []),
    ...services.map(({ probe }) => ({ what: probe.request.url, result: describeProbe(probe) })),
  ]);
}
