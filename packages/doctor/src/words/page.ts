// docs/findings/CODE.md is where the words of a finding live, for people and for the program alike.
//   # CODE            then one sentence, a line "Rung n · event ids …", and the sections below.
//   ## Cause          a paragraph
//   ## Remedy         a numbered list. A step may begin with the product that it is for ("WSUS: …")
//   ## What settles it   a paragraph (only codes that can be unknown)
//   ## Fixed when     a paragraph: how to see that it is fixed (else fixed.ts)
//   ## Seen           a paragraph: how the doctor recognises it
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryFile } from '@moult/disk';
import { DoctorError } from '../errors.ts';
import type { Finding, Observation } from '../finding.ts';
import { type FindingCode, factsOf, isGoodNews } from './codes.ts';
import { deriveValues, fillIn, type Values } from './fill.ts';
import { howToSee } from './fixed.ts';
import { fits, stepsFor } from './products.ts';

interface Page {
  what: string;
  cause: string;
  remedy: string[];
  settles: string | undefined;
  fixed: string | undefined;
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
  const { code, verdict, evidence } = observation;
  const values = deriveValues(observation.values);
  const { rung, eventIds } = { ...factsOf(code), ...(observation.eventIds ? { eventIds: observation.eventIds } : {}) };
  const page = pageOf(code);
  return {
    code,
    rung,
    verdict,
    what: fillIn(page.what, values),
    evidence: [...evidence],
    cause: fillIn(page.cause, values) || nothingMore,
    remedy: verdict === 'pass' ? [] : [...remedyOf(page, values), ...fixedStep(code, page, values)],
    consequences,
    eventIds: verdict === 'pass' ? [] : [...eventIds],
    ...(observation.stage ? { stage: observation.stage } : {}),
    ...(verdict === 'unknown' ? settledBy(page, values) : {}),
  };
}

/** The words of a fault of Moult's own server, for its home page, its terminal and `moult tree`. */
export interface WordsOfFault {
  /** One sentence. */
  headline: string;
  cause: string;
  /** Steps, in order. The last one says how to see that the fault is gone. */
  steps: string[];
}

/**
 * The page of `code`, filled in. The home page and the doctor say the same of one fault. Throws as readPageText does.
 */
export function wordsOfFault(code: FindingCode, values: Values): WordsOfFault {
  const observation = { code, verdict: 'fail' as const, subject: [], evidence: [] };
  const { what, cause, remedy } = toFinding({ ...observation, values: { ...values, product: 'moult' } });
  return {
    headline: what,
    cause,
    steps: remedy.map((step) => step.replace(/^Moult: ./, (mark) => mark.slice(-1).toUpperCase())),
  };
}

/** The page for people who name a finding: its sentences without a case, every product's steps. */
export function describePage(code: FindingCode): string {
  const page = pageOf(code);
  const { rung, eventIds } = factsOf(code);
  const values = deriveValues({});
  const events = eventIds.length > 0 ? ` Event ids ${eventIds.join(', ')}.` : '';
  const steps = [...remedyOf(page, values), ...fixedStep(code, page, values)];
  const sections = [
    `# ${code}`,
    fillIn(page.what, values),
    `Rung ${rung}.${events}`,
    `## Cause\n\n${fillIn(page.cause, values) || nothingMore}`,
    `## Remedy\n\n${steps.map((step, index) => `${index + 1}. ${step}`).join('\n')}`,
    ...(page.settles ? [`## What settles it\n\n${fillIn(page.settles, values)}`] : []),
    `## Seen\n\n${fillIn(page.seen, values)}`,
  ];
  return sections.join('\n\n');
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
  const optional = (title: string) => {
    const found = section(title);
    return found === undefined ? undefined : unwrap(found);
  };
  return {
    what: paragraphs[1] ?? '',
    cause: unwrap(section('Cause') ?? ''),
    remedy: (section('Remedy') ?? '')
      .split(/^\d+\. /m)
      .map((step) => unwrap(step))
      .filter((step) => step !== ''),
    settles: optional('What settles it'),
    fixed: optional('Fixed when'),
    seen: unwrap(section('Seen') ?? ''),
  };
}

const nothingMore = 'The evidence names the failure and no more.';

function remedyOf({ remedy }: Page, values: Values): string[] {
  return stepsFor(remedy, values)
    .map((step) => fillIn(step, values))
    .filter((step) => step !== '' && !/^[\w' ]+:$/.test(step));
}

/** Only for the product at hand, as the steps are. */
function settledBy({ settles }: Page, values: Values): { settles?: string } {
  return settles !== undefined && fits(settles, values) ? { settles: fillIn(settles, values) } : {};
}

/** Every remedy ends with how to see that it helped. */
function fixedStep(code: FindingCode, page: Page, values: Values): string[] {
  if (isGoodNews(code)) return [];
  const own = page.fixed === undefined ? '' : fillIn(page.fixed, values);
  const text = own || fillIn(howToSee(code, values), values);
  return text === '' ? [] : [`See that it is fixed: ${text}`];
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
