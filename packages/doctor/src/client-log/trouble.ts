// From an error in a client's log to the thing that is broken: the code says how it failed, the URL and the component
// say what. Pure.

import { clientLogBounds } from '../bounds.ts';
import { type CodeCause, causeOf } from '../hresult/cause.ts';
import { kindOfPath } from '../http-log/record.ts';
import { missingThing } from '../http-log/status-cause.ts';
import type { FindingCode } from '../words/codes.ts';
import type { LogEntry } from './entry.ts';
import { has } from './line-words.ts';

/** Where in its work the client was. */
export type Phase = 'self-update' | 'scan' | 'download' | 'install' | 'report' | 'other';

/** Where in its work the client is with this line, when it was in `before`. */
export function phaseOf({ component, text, meaning }: LogEntry, before: Phase): Phase {
  const { flags } = meaning;
  const own = phaseOfComponent(component);
  if (own === 'self-update') return own;
  if ((flags & has.selfUpdate) !== 0 && /self-?update|(?:iu|wu)ident\.cab|wuaucomp\.cab/i.test(text))
    return 'self-update';
  if (own !== 'caller' && own !== 'own') return own;
  if ((flags & has.search) !== 0 && /Finding updates|Search for updates/i.test(text)) return 'scan';
  // Misc writes for whoever called it; the others end what another component was at, unless they speak of it.
  if (own === 'caller' || !subordinate.has(before)) return before;
  if ((flags & has.download) !== 0 && /\bdownload(?:s|ing|ed)?\b/i.test(text)) return 'download';
  return (flags & has.install) !== 0 && /\binstall(?:s|ing|ed|ation)?\b/i.test(text) ? 'install' : 'other';
}

/**
 * The same for a line without a word of `has` that phases are told by, besides those of downloading and installing;
 * undefined where only its text tells.
 */
export function phaseWithoutText(component: string, flags: number, before: Phase): Phase | undefined {
  const own = phaseOfComponent(component);
  if (own !== 'caller' && own !== 'own') return own;
  if (own === 'caller' || !subordinate.has(before)) return before;
  return (flags & (has.download | has.install)) === 0 ? 'other' : undefined;
}

const phases = new Map<string, ComponentPhase>();

/** `caller` for components that work for any other, `own` for those with work of their own that no phase is of. */
type ComponentPhase = Phase | 'caller' | 'own';

/** The phase that a component works in. */
function phaseOfComponent(component: string): ComponentPhase {
  const known = phases.get(component);
  if (known !== undefined) return known;
  const phase = lookUpComponent(component);
  if (phases.size < clientLogBounds.maxComponents) phases.set(component, phase);
  return phase;
}

function lookUpComponent(component: string): ComponentPhase {
  if (/^setup$/i.test(component)) return 'self-update';
  if (/^(pt|protocoltalker|ep|webservices|ws|eehndlr|eehandler)$/i.test(component)) return 'scan';
  if (/^(dnldmgr|downloadmanager|dwnldmgr|bits)$/i.test(component)) return 'download';
  if (/^handler$/i.test(component)) return 'install';
  if (/^(report|reporter)$/i.test(component)) return 'report';
  return /^(misc|shared|)$/i.test(component) ? 'caller' : 'own';
}

const subordinate = new Set<Phase>(['download', 'install', 'report']);

/** What `value` means when it happened in `phase` while talking to `url`. */
export function troubleOf(value: number, phase: Phase, url: string | undefined): CodeCause {
  const cause = causeOf(value);
  if (cause === 'DOCTOR_TREE_MISSING') return missing404(phase, url);
  if (phase === 'install' && installerOwn.has(cause)) return 'DOCTOR_INSTALL_FAILED';
  if (cause === 'DOCTOR_HTML_FOR_CABINET' && phase === 'install') return 'DOCTOR_INSTALL_FAILED';
  const service = serviceOf(url);
  if (service && phase !== 'self-update' && cause === 'DOCTOR_SERVER_ERROR') return service;
  return cause;
}

const installerOwn = new Set<CodeCause>(['DOCTOR_AGENT_ERROR', 'DOCTOR_METADATA_INVALID']);

function missing404(phase: Phase, url: string | undefined): FindingCode {
  const path = pathOf(url);
  const kind = path === undefined ? undefined : kindOfPath(path);
  // The ident is the first file asked for: where it is gone, the folder is.
  if (kind === 'wuident') return 'DOCTOR_TREE_MISSING';
  if (kind !== undefined && kind !== 'other') return missingThing(kind);
  if (path !== undefined && /\/content\//i.test(path)) return 'DOCTOR_CONTENT_MISSING';
  if (phase === 'download') return 'DOCTOR_CONTENT_MISSING';
  if (phase === 'scan') return 'DOCTOR_CLIENT_WEB_SERVICE';
  if (phase === 'report') return 'DOCTOR_REPORTING';
  return 'DOCTOR_TREE_MISSING';
}

function serviceOf(url: string | undefined): FindingCode | undefined {
  const path = pathOf(url);
  if (path === undefined) return undefined;
  const kind = kindOfPath(path);
  return kind === 'client-web-service' || kind === 'simple-auth' || kind === 'reporting'
    ? missingThing(kind)
    : undefined;
}

function pathOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /^https?:\/\/[^/]*(\/[^?]*)/i.exec(url)?.[1];
}
