// docs/findings/CODE.md is where the words of a finding live, for people and for the program alike.
//   # CODE            then one sentence, a line "Rung n · event ids …", and the sections below.
//   ## Cause          a paragraph
//   ## Remedy         a numbered list
//   ## What settles it   a paragraph (only codes that can be unknown)
//   ## Seen           a paragraph: how the doctor recognises it
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFile } from '@moult/disk';
import { DoctorError } from '../errors.ts';
import type { Finding, Observation } from '../finding.ts';
import { type FindingCode, factsOf } from './codes.ts';

export interface Page {
  what: string;
  cause: string;
  remedy: string[];
  settles: string | undefined;
  seen: string;
}

const folder = repositoryFile('docs/findings');
const pages = new Map<FindingCode, Page>();

/** The text of a code's page as it is in docs/findings. Throws DoctorError CLI_DOCTOR_PAGE_MISSING. */
export function readPageText(code: FindingCode): string {
  try {
    return readFileSync(join(folder, `${code}.md`), 'utf8');
  } catch (cause) {
    throw new DoctorError('CLI_DOCTOR_PAGE_MISSING', `${code} has no page in ${folder}`, { cause });
  }
}

/** The words of an observation. */
export function toFinding(observation: Observation, consequences: Finding[] = []): Finding {
  const { code, verdict, values, evidence } = observation;
  const { rung, eventIds } = { ...factsOf(code), ...(observation.eventIds ? { eventIds: observation.eventIds } : {}) };
  const page = pageOf(code);
  const fill = (text: string) => fillIn(text, values);
  return {
    code,
    rung,
    verdict,
    what: fill(page.what),
    evidence: [...evidence],
    cause: fill(page.cause),
    remedy: verdict === 'pass' ? [] : page.remedy.map(fill),
    consequences,
    eventIds: verdict === 'pass' ? [] : [...eventIds],
    ...(observation.stage ? { stage: observation.stage } : {}),
    ...(verdict === 'unknown' && page.settles ? { settles: fill(page.settles) } : {}),
  };
}

/** Takes a page apart. */
export function parsePage(text: string): Page {
  const [head = '', ...sections] = text.split(/^## /m);
  const section = (title: string) =>
    sections
      .find((part) => part.startsWith(`${title}\n`))
      ?.slice(title.length)
      .trim();
  const paragraphs = head.split(/\n\s*\n/).map((paragraph) => paragraph.trim().replaceAll(/\s*\n\s*/g, ' '));
  return {
    what: paragraphs[1] ?? '',
    cause: unwrap(section('Cause') ?? ''),
    remedy: (section('Remedy') ?? '')
      .split(/^\d+\. /m)
      .map((step) => unwrap(step))
      .filter((step) => step !== ''),
    settles: section('What settles it') === undefined ? undefined : unwrap(section('What settles it') ?? ''),
    seen: unwrap(section('Seen') ?? ''),
  };
}

function pageOf(code: FindingCode): Page {
  const known = pages.get(code);
  if (known) return known;
  const page = parsePage(readPageText(code));
  pages.set(code, page);
  return page;
}

function unwrap(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** Words for what an observation could not name. In addresses and commands a name in capitals stands for it. */
const unnamed: Record<string, string> = {
  server: 'the server',
  host: 'the server',
  site: 'the site',
  client: 'the client',
  path: 'a self-update file',
  file: 'a file',
  url: 'its address',
  signer: 'a party that this client does not trust',
  issuer: 'its issuer',
  message: 'see the evidence',
  meaning: 'see the evidence',
  found: 'see the evidence',
  why: 'see the evidence',
  error: 'no code',
  status: 'see the evidence',
  method: 'HEAD',
};

function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, name: string, at: number) => {
    const value = values[name];
    if (value) return value;
    const before = text.slice(0, at);
    const isCode = before.endsWith('/') || (before.match(/`/g)?.length ?? 0) % 2 === 1;
    const word = isCode ? undefined : unnamed[name];
    if (word === undefined) return name.toUpperCase();
    return at === 0 ? `${word[0]?.toUpperCase()}${word.slice(1)}` : word;
  });
}
