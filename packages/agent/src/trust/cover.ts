// Compares an update of a server with the operator's signed metadata. An update that the metadata does not cover is
// evaluated by Microsoft's own rules only. It runs nothing and installs nothing.
import { createHash } from 'node:crypto';
import type { Handler, UpdateFile } from '@moult/catalog';
import { hresult } from '@moult/protocol/hresult';
import { type Approval, readOurTarget, type UpdateTarget } from '@moult/releases/metadata';
import { AgentError, type AgentErrorCode } from '../errors.ts';
import { messageOf } from '../self-update/verify-cabinet.ts';
import type { CachedRevision } from '../wsus/sync/update-cache.ts';
import type { OperatorMetadata } from './operator-metadata.ts';

type CommandLine = Extract<Handler, { kind: 'command-line' }>;

/** `all`: every rule. `no-commands`: all but CommandExit. `microsoft`: Microsoft's own rules only. */
export type RuleScope = 'all' | 'no-commands' | 'microsoft';

export interface CoverParts {
  metadata: OperatorMetadata;
  /** TargetGroup of the policy: `A;B`. Undefined: the groups of this computer are the server's to say. */
  targetGroup: string | undefined;
  /** The administrator of this machine lets a server without trust metadata install updates. */
  allowUncovered: boolean;
}

/** The server's words about a revision that it wants installed. */
interface Offered {
  revision: CachedRevision;
  files: UpdateFile[];
  handler: Handler | undefined;
}

interface Instructions {
  files: UpdateFile[];
  handler: CommandLine;
}

export interface Cover {
  scopeOf(revision: CachedRevision): RuleScope;
  /** Why the rules of a revision are not those that the operator signed. Undefined when they are. */
  problemOf(revision: CachedRevision): AgentError | undefined;
  /**
   * The program to run, and its files: from signed data alone. Throws AgentError AGENT_UPDATE_NOT_COVERED,
   * AGENT_UPDATE_ALTERED, AGENT_UPDATE_NOT_APPROVED, or AGENT_INSTALL_UNSUPPORTED.
   */
  requireInstructions(offered: Offered): Instructions;
}

/** No server without trust metadata, and no attacker that hides it, gets more than Microsoft's rules out of this. */
export function createCover({ metadata, targetGroup, allowUncovered }: CoverParts): Cover {
  const groups = targetGroup?.split(';').map((name) => name.trim().toLowerCase());
  // A root once pinned is for good: from then on a server cannot say that this operator signs nothing.
  const isWaived = allowUncovered && metadata.state === 'unpinned';
  const looked = new WeakMap<CachedRevision, UpdateTarget | AgentError>();

  const lookUp = (revision: CachedRevision): UpdateTarget | AgentError => {
    const known = looked.get(revision) ?? signedOf(revision, metadata);
    looked.set(revision, known);
    return known;
  };
  const isApproved = ({ approvals }: UpdateTarget, accepted: readonly Approval['action'][]) =>
    approvals.some(({ group, action }) => accepted.includes(action) && isMine(group, groups));

  return {
    scopeOf(revision) {
      if (isWaived) return 'no-commands';
      const signed = lookUp(revision);
      if (signed instanceof AgentError) return 'microsoft';
      return isApproved(signed, ['install', 'uninstall']) ? 'all' : 'no-commands';
    },
    problemOf(revision) {
      const signed = isWaived ? undefined : lookUp(revision);
      return signed instanceof AgentError ? signed : undefined;
    },
    requireInstructions({ revision, files, handler }) {
      const { updateId } = revision.core.identity;
      if (handler?.kind !== 'command-line') {
        const text = `Update ${updateId} is installed by ${handler?.kind ?? 'no handler'}, which this agent does not run.`;
        throw new AgentError('AGENT_INSTALL_UNSUPPORTED', text, { hresult: hresult.unknownHandler });
      }
      if (isWaived) return { files, handler };
      const signed = lookUp(revision);
      if (signed instanceof AgentError) throw signed;
      const differs = differenceFrom(signed, files, handler);
      if (differs)
        throw refused('AGENT_UPDATE_ALTERED', revision, `the server's ${differs} not what the operator signed`);
      if (!isApproved(signed, ['install'])) {
        const named = signed.approvals.filter(({ action }) => action === 'install').map(({ group }) => `"${group}"`);
        const whose = groups ? `"${targetGroup}", the group of this computer` : 'any group';
        const why = `the operator did not approve it for ${whose}, only for ${named.join(', ') || 'none'}`;
        throw refused('AGENT_UPDATE_NOT_APPROVED', revision, why);
      }
      return instructionsFrom(signed, files, handler);
    },
  };
}

function isMine(group: string, groups: readonly string[] | undefined): boolean {
  const name = group.toLowerCase();
  return name === everyComputer || groups === undefined || groups.includes(name);
}

/** The server's word for every computer in lists of approvals. */
const everyComputer = 'all computers';

function signedOf(revision: CachedRevision, { updates, state }: OperatorMetadata): UpdateTarget | AgentError {
  const { updateId, revisionNumber } = revision.core.identity;
  const path = `updates/${updateId}/${revisionNumber}`;
  const file = updates.get(path);
  if (!file) return refused('AGENT_UPDATE_NOT_COVERED', revision, reasons[state]);
  const bytes = Buffer.from(revision.xml, 'utf8');
  if (bytes.length !== file.length || createHash('sha256').update(bytes).digest('hex') !== file.hashes.sha256) {
    return refused('AGENT_UPDATE_ALTERED', revision, 'its rules are not those that the operator signed');
  }
  try {
    const ours = readOurTarget(path, file);
    if (ours?.kind === 'update' && ours.updateId === updateId && ours.revision === revisionNumber) return ours;
    return refused('AGENT_UPDATE_NOT_COVERED', revision, 'what the operator signed of it is about something else');
  } catch (error) {
    return refused('AGENT_UPDATE_NOT_COVERED', revision, messageOf(error));
  }
}

const listed = 'the operator has signed no instructions for it';
const reasons: Readonly<Record<OperatorMetadata['state'], string>> = {
  current: listed,
  expired: listed,
  'last-good': `${listed}, as far as the last list says that this computer has`,
  none: 'no list that the operator signed could be had',
  unpinned: 'the server has no trust metadata (AllowUncovered is 0)',
};

/** `files are`, `program is`, … of what differs. Undefined when nothing does. */
function differenceFrom(signed: UpdateTarget, files: readonly UpdateFile[], handler: CommandLine): string | undefined {
  if (signed.program !== handler.program) return 'program is';
  if (signed.arguments !== handler.arguments) return 'arguments are';
  const sameFiles =
    files.length === signed.files.length &&
    signed.files.every(({ name, length, sha256 }, at) => {
      const file = files[at];
      const digest = file?.sha256 === undefined ? undefined : Buffer.from(file.sha256, 'base64').toString('hex');
      return file?.fileName === name && file.sizeBytes === length && digest === sha256;
    });
  if (!sameFiles) return 'files are';
  const codes = handler.returnCodes.map(({ code, result, reboot }) => [code | 0, result.toLowerCase(), reboot]);
  const signedCodes = signed.returnCodes.map(({ code, result, reboot }) => [code | 0, result, reboot]);
  const otherwise = signed.otherwise ?? failure;
  const sameCodes =
    JSON.stringify(codes) === JSON.stringify(signedCodes) &&
    handler.defaultResult.toLowerCase() === otherwise.result &&
    handler.rebootByDefault === otherwise.reboot;
  return sameCodes ? undefined : 'return codes are';
}

const failure = { result: 'failed', reboot: false } as const;
const results = { succeeded: 'Succeeded', failed: 'Failed', cancelled: 'Cancelled' } as const;

/** Every value is the signed one. Only the SHA-1 is not: it is the server's name of a file. */
function instructionsFrom(signed: UpdateTarget, offered: readonly UpdateFile[], handler: CommandLine): Instructions {
  const files = signed.files.flatMap(({ name, length, sha256 }, at) => {
    const file = offered[at];
    return file
      ? [{ ...file, fileName: name, sizeBytes: length, sha256: Buffer.from(sha256, 'hex').toString('base64') }]
      : [];
  });
  const { result, reboot } = signed.otherwise ?? failure;
  return {
    files,
    handler: {
      ...handler,
      program: signed.program ?? handler.program,
      arguments: signed.arguments,
      returnCodes: signed.returnCodes.map((one) => ({ ...one, result: results[one.result], description: undefined })),
      defaultResult: results[result],
      rebootByDefault: reboot,
    },
  };
}

function refused(code: AgentErrorCode, { core }: CachedRevision, why: string): AgentError {
  const { updateId, revisionNumber } = core.identity;
  const text = `Update ${updateId} revision ${revisionNumber} is refused: ${why}.`;
  return new AgentError(code, text, { hresult: hresult.notTrusted });
}
