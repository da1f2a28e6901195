// The stage of a client's work when it wrote a line: by the component, by the words, else where it was before. Pure.
import { clientLogBounds } from '../bounds.ts';
import type { Stage } from '../story/event.ts';
import type { LogEntry } from './entry.ts';
import { has } from './line-words.ts';

/** The stage of the client's work with this line, if it was in `before`. */
export function stageOf({ component, text, meaning }: LogEntry, before: Stage): Stage {
  const { flags } = meaning;
  const own = stageOfComponent(component);
  if (own === 'self-update') return own;
  if ((flags & has.selfUpdate) !== 0 && /self-?update|(?:iu|wu)ident\.cab|wuaucomp\.cab/i.test(text))
    return 'self-update';
  if (own !== 'caller' && own !== 'own') return own;
  if ((flags & has.search) !== 0 && /Finding updates|Search for updates/i.test(text)) return 'detection';
  // Misc writes for whoever called it. The others end what another component was at, unless they speak of it.
  if (own === 'caller' || !subordinate.has(before)) return before;
  if ((flags & has.download) !== 0 && /\bdownload(?:s|ing|ed)?\b/i.test(text)) return 'download';
  return (flags & has.install) !== 0 && /\binstall(?:s|ing|ed|ation)?\b/i.test(text) ? 'installation' : 'other';
}

/**
 * The same for a line without a word of `has` that names a stage. Words of downloading and installing do not count.
 * Undefined where only its text tells.
 */
export function stageWithoutText(component: string, flags: number, before: Stage): Stage | undefined {
  const own = stageOfComponent(component);
  if (own !== 'caller' && own !== 'own') return own;
  if (own === 'caller' || !subordinate.has(before)) return before;
  return (flags & (has.download | has.install)) === 0 ? 'other' : undefined;
}

const stages = new Map<string, ComponentStage>();

/** `caller` for components that work for any other. `own` for those with work of their own that has no stage. */
type ComponentStage = Stage | 'caller' | 'own';

/** The stage that a component works in. */
function stageOfComponent(component: string): ComponentStage {
  const known = stages.get(component);
  if (known !== undefined) return known;
  const stage = lookUpComponent(component);
  if (stages.size < clientLogBounds.maxComponents) stages.set(component, stage);
  return stage;
}

function lookUpComponent(component: string): ComponentStage {
  if (/^setup$/i.test(component)) return 'self-update';
  if (/^(pt|protocoltalker|ep|endpointproviders?|webservices|ws|eehndlr|eehandler|sls)$/i.test(component))
    return 'web-service';
  if (/^(dnldmgr|downloadmanager|dwnldmgr|bits|do|deliveryoptimization)$/i.test(component)) return 'download';
  if (/^(handler|cbs|uhcbs|uhmsi|inventory)$/i.test(component)) return 'installation';
  if (/^(report|reporter)$/i.test(component)) return 'reporting';
  return /^(misc|shared|)$/i.test(component) ? 'caller' : 'own';
}

const subordinate = new Set<Stage>(['download', 'installation', 'reporting']);

/** The stage that the words of a failure name, in any component. In order. */
const byWords: readonly { words: RegExp; stage: Stage }[] = [
  {
    words: /GetDeviceTickets|GetUserTickets|AuthTicketHelper|GetAgentTokenFromServer|GetEndpointToken/i,
    stage: 'auth-ticket',
  },
  { words: /\bReporter\b|upload(?:ing)? events?|ReportEventBatch|event uploader/i, stage: 'reporting' },
  {
    words:
      /\b(?:GetConfig|GetCookie|GetAuthorizationCookie|RefreshConfig|RefreshCookie|RefreshPTState|SyncUpdates|GetExtendedUpdateInfo|RegisterComputer|PTError|StartCategoryScan)\b|_WithRecovery|soap client error|SyncServerUpdates/i,
    stage: 'web-service',
  },
  {
    words:
      /occurred while downloading|\bDownload(?:ing)?\b.{0,200}\bfail|\b(?:BITS|DO) job\b|failed to download update/i,
    stage: 'download',
  },
  {
    words:
      /Installation Failure|\b(?:un)?install(?:ing|ation)?\b.{0,200}\bfail|occurred while installing|Failed to install/i,
    stage: 'installation',
  },
];

/** The stage that the words of a failure tell. Undefined where they tell none. */
export function stageInWords(text: string): Stage | undefined {
  return byWords.find(({ words }) => words.test(text))?.stage;
}
