// Stored events in the words of an administrator. Numbers: MS-WUSP 2.2.2.3.1 (reports), docs/self-update.md (pings).

import { cutText, visibleText } from '@moult/formats/text';
import { describeReport, eventNumbers } from '@moult/protocol/reporting';
import type { HomeEvent as StoredEvent } from '@moult/store';
import { homeBounds } from '../../bounds.ts';
import type { HomeEvent, HomeEventKind } from '../../home-document.ts';

type Words = Pick<HomeEvent, 'kind' | 'outcome' | 'headline'>;

const versionBytes = 64;

/** A clock that differs by less than this says nothing: requests take their time. */
const sameTimeMs = 60_000;

/** The event, the computer, and the end of it. */
export function describeEvent(event: StoredEvent): HomeEvent {
  const detail = detailOf(event);
  const apart = Math.abs(event.receivedAt.getTime() - event.at.getTime()) > sameTimeMs;
  return {
    id: `${event.kind} ${event.id}`,
    at: event.receivedAt.toISOString(),
    ...(apart ? { happenedAt: event.at.toISOString() } : {}),
    ...wordsOf(event),
    computer: shown(
      event.computerName || event.address || event.computerId || 'unnamed computer',
      homeBounds.maxNameBytes,
    ),
    computerId: event.computerId,
    ...(detail ? { detail } : {}),
  };
}

function shown(text: string, bytes: number): string {
  return cutText(visibleText(text), bytes);
}

function wordsOf(event: StoredEvent): Words {
  if (event.kind === 'self-update') return pingWords(event);
  if (event.kind === 'registration') return { kind: 'registration', outcome: 'succeeded', headline: 'Registered' };
  return reportWords(event);
}

// The letters of A and S are only partly public, so E decides about success (docs/self-update.md).
function pingWords(event: StoredEvent): Words {
  const activity = event.what.split(' ')[1] ?? '';
  const failed = !/^0*$/.test(event.resultCode);
  const outcome = failed ? 'failed' : event.status === 'p' ? 'pending' : 'succeeded';
  const { kind, succeeded, pending, failed: failure } = pings[activity] ?? otherPing;
  return { kind, outcome, headline: { succeeded, pending, failed: failure }[outcome] };
}

const otherPing = {
  kind: 'other' as HomeEventKind,
  succeeded: 'Sent a status ping',
  pending: 'Sent a status ping: under way',
  failed: 'Reported a fault',
};

const pings: Record<string, typeof otherPing> = {
  n: {
    kind: 'self-update',
    succeeded: 'Client started',
    pending: 'Client is starting',
    failed: 'Client failed to start',
  },
  s: {
    kind: 'self-update',
    succeeded: 'Client updated itself',
    pending: 'Client is updating itself',
    failed: 'Client could not update itself',
  },
  d: { kind: 'scan', succeeded: 'Looked for updates', pending: 'Is looking for updates', failed: 'Detection failed' },
  i: { kind: 'install', succeeded: 'Installed', pending: 'Installing', failed: 'Installation failed' },
};

function reportWords({ what, resultCode }: StoredEvent): Words {
  const { kind, outcome, headline } = describeReport(Number(what), Number.parseInt(resultCode, 16) || 0);
  return { kind, outcome, headline };
}

function detailOf(event: StoredEvent): string {
  const failed = !/^0*$/.test(event.resultCode);
  return [agentOf(event), subjectOf(event), failed ? `error 0x${event.resultCode.toUpperCase()}` : '']
    .filter((part) => part !== '')
    .join(', ');
}

function agentOf({ kind, agentGeneration, agentVersion }: StoredEvent): string {
  if (kind === 'report' || agentVersion === '') return '';
  return `${{ sus: 'SUS client ', wsus: 'WSUS client ', unknown: '' }[agentGeneration]}${shown(agentVersion, versionBytes)}`;
}

function subjectOf({ kind, what, detail, agentVersion }: StoredEvent): string {
  if (kind === 'report' && what === String(eventNumbers.scanSucceeded) && /^\d+$/.test(detail)) {
    return `${shown(detail, versionBytes)} update${detail === '1' ? '' : 's'} found`;
  }
  // Our agents name the release that a ping about self-update is of: moult-agent.7.9.0.1.
  const release = kind === 'self-update' ? /^moult-agent\.(\d[\d.]*)$/.exec(detail)?.[1] : undefined;
  if (release === undefined) return shown(detail, homeBounds.maxSubjectBytes);
  return release === agentVersion ? '' : `to version ${shown(release, versionBytes)}`;
}
