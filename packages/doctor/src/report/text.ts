// The report for an admin at 2 a.m.: the root cause first in one sentence, then what shows it, then what to do in
// order.

import { visibleIn } from '@moult/formats/text';
import { reportBounds } from '../bounds.ts';
import type { Evidence, Finding } from '../finding.ts';
import type { Story } from '../logs/client-stories.ts';
import { isGoodNews } from '../words/codes.ts';
import { paintWith } from './paint.ts';
import type { DoctorReport } from './report.ts';

/** The report as text. `colour` only where it goes to a terminal. */
export function renderText(original: DoctorReport, options: { colour: boolean; width: number }): string {
  // Also for each part that is printed below. Of clients there may be very many: renderStories does its own.
  const report = { ...visibleIn({ ...original, stories: [] }), stories: original.stories };
  const paint = paintWith(options.colour);
  const width = Math.min(Math.max(options.width, 60), 110);
  const lines: string[] = [];
  const failures = report.findings.filter(({ verdict }) => verdict === 'fail');
  const unknowns = report.findings.filter(({ verdict }) => verdict === 'unknown');
  const answers = report.findings.filter(({ verdict }) => verdict === 'answer');
  lines.push(headline(report, failures, unknowns, paint), '');
  failures.forEach((finding, index) => {
    lines.push(...renderFinding(finding, index === 0 ? 'Root cause' : 'Also', paint, width), '');
  });
  for (const finding of answers) lines.push(...renderFinding(finding, 'Answer', paint, width), '');
  for (const finding of unknowns) lines.push(...renderFinding(finding, 'Unknown', paint, width), '');
  if (report.stories.length > 0) lines.push(...renderStories(report.stories, paint), '');
  lines.push(...renderPasses('In order', '✓', passesThat(report, isGoodNews), paint));
  lines.push(
    ...renderPasses(
      'Seen, but over or without harm',
      '·',
      passesThat(report, (code) => !isGoodNews(code)),
      paint,
    ),
  );
  for (const { title, text } of report.snippets ?? []) {
    lines.push(paint('bold', `Ready to paste: ${title}`), text);
  }
  if (report.leftOut) lines.push(paint('bold', 'Left out'), ...report.leftOut.map((what) => `  ${what}`), '');
  if (report.looked.length > 0) {
    lines.push(paint('bold', 'Looked at'));
    for (const { what, result } of report.looked.slice(0, 40)) lines.push(`  ${what}  ${paint('dim', result)}`);
    if (report.looked.length > 40) lines.push(`  … and ${report.looked.length - 40} more`);
    lines.push('');
  }
  return lines.join('\n');
}

function passesThat({ passes }: DoctorReport, hold: (code: Finding['code']) => boolean): Finding[] {
  return passes.filter(({ code }) => hold(code));
}

function renderPasses(title: string, mark: string, passes: Finding[], paint: ReturnType<typeof paintWith>): string[] {
  if (passes.length === 0) return [];
  const lines = passes.slice(0, 20).map(({ what }) => `  ${paint('green', mark)} ${what}`);
  return [paint('bold', title), ...lines, ''];
}

function headline(
  report: DoctorReport,
  failures: Finding[],
  unknowns: Finding[],
  paint: ReturnType<typeof paintWith>,
): string {
  if (failures.length > 0) {
    const more = failures.length > 1 ? `, and ${failures.length - 1} more` : '';
    return `${paint(['red', 'bold'], 'Not healthy')}  ${report.subject}: ${failures.length === 1 ? 'one thing is broken' : `one thing to fix first${more}`}.`;
  }
  const rest =
    unknowns.length > 0 ? ` ${unknowns.length} thing${unknowns.length === 1 ? '' : 's'} could not be decided.` : '';
  if (report.verdict === 'undecided') {
    const [first] = unknowns;
    return `${paint(['yellow', 'bold'], 'Undecided')}  ${report.subject}: nothing is seen to be broken, but what was read does not decide it.${first ? ` ${first.what}` : ''}`;
  }
  return `${paint(['green', 'bold'], 'Healthy')}  ${report.subject}: nothing is broken as far as can be seen.${rest}`;
}

function renderFinding(finding: Finding, title: string, paint: ReturnType<typeof paintWith>, width: number): string[] {
  const colour = colours[finding.verdict];
  const events = finding.eventIds.length > 0 ? `, event ${finding.eventIds.join(', ')}` : '';
  const lines = [
    ...wrap(`${title}: ${finding.what}`, width, '', (text) => paint([colour, 'bold'], text)),
    paint('dim', `  ${finding.code} (rung ${finding.rung}${events})`),
    ...wrap(finding.cause, width, '  '),
  ];
  if (finding.evidence.length > 0) {
    lines.push(paint('bold', '  Evidence'));
    for (const item of finding.evidence.slice(0, 6)) lines.push(...renderEvidence(item, paint, width));
  }
  if (finding.settles) lines.push(paint('bold', '  What would settle it'), ...wrap(finding.settles, width, '    '));
  if (finding.remedy.length > 0) {
    lines.push(paint('bold', '  What to do'));
    finding.remedy.forEach((step, index) => {
      lines.push(...wrap(`${index + 1}. ${step}`, width, '    '));
    });
  }
  if (finding.consequences.length > 0) {
    lines.push(paint('bold', '  Follows from it'));
    for (const consequence of finding.consequences.slice(0, 12)) {
      lines.push(...wrap(`- ${consequence.what} ${paint('dim', consequence.code)}`, width, '    '));
    }
  }
  return lines;
}

const colours = { fail: 'red', answer: 'cyan', unknown: 'yellow', pass: 'green' } as const;

function renderEvidence(item: Evidence, paint: ReturnType<typeof paintWith>, width: number): string[] {
  const place = item.line === undefined ? item.source : `${item.source}:${item.line}`;
  return [`    ${paint('cyan', place)}`, ...wrap(item.text, width, '      ')];
}

function renderStories(stories: readonly Story[], paint: ReturnType<typeof paintWith>): string[] {
  const lines = [paint('bold', `Clients (${stories.length})`)];
  for (const story of visibleIn(stories.slice(0, reportBounds.maxTextStories))) {
    const versions = story.versions.length > 0 ? ` ${story.versions.join(' → ')}` : '';
    lines.push(
      `  ${paint('bold', story.client)}  ${story.generation}${versions}: ${story.outcome}; last good step: ${story.lastStage}`,
    );
    for (const event of story.events.slice(-reportBounds.maxTextEvents)) {
      const mark = event.outcome === 'bad' ? paint('red', '✗') : event.outcome === 'good' ? paint('green', '✓') : '·';
      lines.push(`    ${mark} ${(event.at ?? '').replace('T', ' ').replace(/\.\d+/, '').padEnd(20)} ${event.what}`);
    }
  }
  if (stories.length > reportBounds.maxTextStories)
    lines.push(`  … and ${stories.length - reportBounds.maxTextStories} more (--json lists them)`);
  return lines;
}

function wrap(text: string, width: number, indent: string, style: (text: string) => string = (same) => same): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = /^\d+\. |^- /.test(text) ? `   ${word}` : word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((each) => `${indent}${style(each)}`);
}
