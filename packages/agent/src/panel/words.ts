// The words of the panel, for its page and for its twin in the terminal.
import { formatDottedTime } from '../machine/au-time.ts';
import type { Decision, UpdateMode } from './choice.ts';
import type { HistoryEntry } from './history.ts';
import type { PanelState } from './state.ts';

export const dayNames = [
  'Every day',
  'Every Sunday',
  'Every Monday',
  'Every Tuesday',
  'Every Wednesday',
  'Every Thursday',
  'Every Friday',
  'Every Saturday',
] as const;

export const hourNames: readonly string[] = Array.from(
  { length: 24 },
  (_, hour) => `${String(hour).padStart(2, '0')}:00`,
);

/** In the order of the face. The SUS client has a check box for off. */
export const modesOf: Readonly<Record<PanelState['face'], readonly UpdateMode[]>> = {
  sus: ['notify', 'download', 'automatic'],
  wsus: ['automatic', 'download', 'notify', 'off'],
};

export const modeWords: Readonly<Record<PanelState['face'], Readonly<Record<UpdateMode, string>>>> = {
  sus: {
    notify: 'Notify me before updates are downloaded, and again before they are installed.',
    download: 'Download the updates automatically, and notify me when they are ready to be installed.',
    automatic: 'Download the updates automatically, and install them on this schedule:',
    off: 'Keep my computer up to date',
  },
  wsus: {
    automatic: 'Automatic (recommended)',
    download: 'Download updates for me, but let me choose when to install them.',
    notify: 'Notify me, but do not download or install updates automatically.',
    off: 'Turn off Automatic Updates.',
  },
};

export const keepWords = 'With this setting on, the update software may update itself first, before any other updates.';
export const checkWords = 'Check now also downloads and installs the updates that this computer needs.';

/** `2026-12-01 03:00`, local time. */
function shownTime(time: Date): string {
  return formatDottedTime(time, 'local').slice(0, 16).replaceAll('.', '-');
}

/** One sentence for a value that is greyed. */
function decidedWords({ policy, value, origin }: Decision): string {
  return `Your administrator decides this with the policy “${policy}” (${value}, ${origin}).`;
}

function keptOnWords({ policy, value, origin }: Decision): string {
  return `The policy “${policy}” (${value}, ${origin}) lets you choose, but not turn updates off.`;
}

/** The greyed settings and the reasons, each once. */
export function policyNotes({ decided, keptOn, blocked }: PanelState): string[] {
  const notes = [blocked, decided.mode, decided.day, decided.hour].flatMap((one) => (one ? [decidedWords(one)] : []));
  return [...new Set([...notes, ...(keptOn && !blocked ? [keptOnWords(keptOn)] : [])])];
}

export interface PanelFact {
  id: string;
  label: string;
  text: string;
  tone: 'plain' | 'bad' | 'pending';
}

/** The state of the client, line by line. */
export function panelFacts(state: PanelState): PanelFact[] {
  const fact = (id: string, label: string, text: string, tone: PanelFact['tone'] = 'plain') => ({
    id,
    label,
    text,
    tone,
  });
  const { lastCheck, nextCheck, restart, isRunning, isChecking, waiting, command } = state;
  return [
    fact('client', 'Client', `${state.client} ${state.version ?? ''}`.trim()),
    fact('server', 'Update server', state.server ?? 'none is set', state.server === undefined ? 'bad' : 'plain'),
    fact(
      'service',
      'Service',
      isRunning ? 'running' : `stopped. Start it with “${command} start”.`,
      isRunning ? 'plain' : 'bad',
    ),
    fact('last', 'Last check', lastWords(lastCheck), lastCheck.error === undefined ? 'plain' : 'bad'),
    fact('next', 'Next check', isChecking ? 'now' : nextWords(nextCheck, state), isChecking ? 'pending' : 'plain'),
    fact('waiting', 'Updates that wait', waitingWords(state), waiting.length > 0 ? 'pending' : 'plain'),
    fact('restart', 'Restart', restart ? restartWords(restart) : 'not needed', restart ? 'pending' : 'plain'),
  ];
}

function lastWords({ at, error }: PanelState['lastCheck']): string {
  const good = at === undefined ? 'never' : shownTime(at);
  return error === undefined ? good : `failed with ${error}. Last success: ${good}`;
}

function nextWords(next: Date | undefined, { choice }: PanelState): string {
  if (choice.mode === 'off') return 'none. Automatic Updates is turned off.';
  return next === undefined ? 'not planned yet' : shownTime(next);
}

function waitingWords({ waiting, plannedAt, choice }: PanelState): string {
  if (waiting.length === 0) return 'none';
  const when =
    plannedAt !== undefined ? `, installed at ${shownTime(plannedAt)}` : choice.mode === 'automatic' ? '' : ', for you';
  return `${waiting.length} (${waiting.slice(0, 3).join(', ')}${waiting.length > 3 ? ', …' : ''})${when}`;
}

function restartWords({ since, how }: NonNullable<PanelState['restart']>): string {
  const needed = `needed since ${shownTime(since)}`;
  if (how.kind === 'at') return `${needed}. Comes at ${shownTime(how.at)}: ${how.reason}`;
  return how.kind === 'waits' ? `${needed}. Waits: ${how.reason}` : needed;
}

/** One line of the history: when, what, how it ended. */
export function historyWords({ at, title, what, code }: HistoryEntry): [when: string, title: string, result: string] {
  return [shownTime(at), title, code === '' ? what : `${what} (${code})`];
}
