// A site of the server with its judgements, and how observations speak of it.
import type { Evidence } from '../finding.ts';
import { describeProbe, type Probe } from '../net/probe.ts';
import type { FindingCode } from '../words/codes.ts';
import type { FileFacts, OriginFacts, ServerFacts } from './collect.ts';
import { type Judgement, judgeFailure } from './judge.ts';

export interface JudgedFile {
  file: FileFacts;
  judgement: Judgement | undefined;
}

export interface JudgedOrigin {
  origin: OriginFacts;
  files: JudgedFile[];
  /** The judgement that every file of the site shares. */
  shared: FindingCode | undefined;
}

/** `['server', origin]`, the subject of a site. */
export function siteSubject({ origin }: OriginFacts): string[] {
  return ['server', origin];
}

/** The values that pages about a file of the tree may use. */
export function valuesOf(
  origin: OriginFacts,
  file: FileFacts,
  judgement: Judgement,
  facts: ServerFacts,
): Record<string, string> {
  const host = hostOf(origin.origin);
  return {
    server: host,
    base: origin.origin,
    url: file.get.request.url.replace(/\?.*$/, ''),
    path: file.path,
    file: file.path,
    client: file.clients.join(', '),
    given: facts.given,
    ...judgement.values,
  };
}

/** A probe as evidence. */
export function evidenceOf(probe: Probe): Evidence {
  return { source: probe.request.url, text: describeProbe(probe) };
}

export function hostOf(origin: string): string {
  return new URL(origin).host;
}

/** Used for services: what a failed connection to one of them stands for. */
export function judgeConnection(probe: Probe): Judgement | undefined {
  return probe.outcome.kind === 'failure' ? judgeFailure(probe.outcome, probe.request.url) : undefined;
}
