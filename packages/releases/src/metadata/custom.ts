// The statements of our targets about themselves: the field `custom.moult`, signed with the target
// (docs/trust-metadata.md).

import { isVersion } from '@moult/protocol/self-update';
import { targetBounds } from '../bounds.ts';
import { ReleaseError } from '../errors.ts';
import type { TargetFile } from './types.ts';
import type { ReleaseVersion } from './version.ts';

export interface Recall {
  /** ISO 8601, UTC. */
  at: string;
  reason: string;
  /** A machine that runs the recalled version may go back to this one. Without it, it waits for a newer one. */
  replacement?: ReleaseVersion;
}

export interface DeltaRecipe {
  /** SHA-256 of the file that the delta starts from. */
  fromSha256: string;
  /** The target that holds the delta: in the same role, with its own length and digest. */
  target: string;
  algorithm: 'zstd-dictionary';
  /** Window of the decoder, as a power of two. Bounds its memory. */
  windowLog: number;
}

export interface ReleaseTarget extends ReleaseVersion {
  kind: 'release';
  product: string;
  generation: string;
  /** `any`, or operating system and processor: `linux-x64`. */
  platform: string;
  /** Versions that a machine must have run, oldest first, before this one. */
  floors: ReleaseVersion[];
  recalled?: Recall;
  deltas: DeltaRecipe[];
}

interface UpdateFile {
  name: string;
  length: number;
  sha256: string;
}

interface ReturnCode {
  code: number;
  result: 'succeeded' | 'failed' | 'cancelled';
  reboot: boolean;
}

export interface Approval {
  /** Name of the computer group. `All Computers` is every computer. */
  group: string;
  action: 'install' | 'uninstall';
}

/** The install instructions of one revision of an update. The target's own file is its rules: the core fragment. */
export interface UpdateTarget {
  kind: 'update';
  updateId: string;
  revision: number;
  files: UpdateFile[];
  /**
   * The program to run, below the folder of the unpacked files. Without it the update has rules and installs nothing.
   */
  program?: string;
  arguments: string;
  returnCodes: ReturnCode[];
  /** The meaning of a code that is not among `returnCodes`. Without it: failure. */
  otherwise?: Omit<ReturnCode, 'code'>;
  approvals: Approval[];
}

export type OurTarget = ReleaseTarget | UpdateTarget;

/** The field `custom.moult` of a target. Undefined when it has none. Throws RELEASE_TARGET_MALFORMED. */
export function readOurTarget(path: string, target: TargetFile): OurTarget | undefined {
  const custom: unknown = target.custom?.moult;
  if (custom === undefined) return undefined;
  const read = new Reader(path);
  const fields = read.record(custom, 'custom.moult');
  if (fields.kind === 'release') return readReleaseTarget(read, fields);
  if (fields.kind === 'update') return readUpdateTarget(read, fields);
  return undefined; // a kind of a later version: nothing that this version acts on
}

function readReleaseTarget(read: Reader, fields: Fields): ReleaseTarget {
  return {
    kind: 'release',
    product: read.text(fields.product, 'product', /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
    generation: read.text(fields.generation, 'generation', /^[a-z0-9-]{1,32}$/),
    platform: read.text(fields.platform, 'platform', /^[a-z0-9-]{1,64}$/),
    ...read.version(fields, 'the release'),
    floors: read.list(fields.floors, 'floors', targetBounds.floors, (value) =>
      read.version(read.record(value, 'a floor'), 'a floor'),
    ),
    ...(fields.recalled === undefined ? {} : { recalled: readRecall(read, fields.recalled) }),
    deltas: read.list(fields.deltas, 'deltas', targetBounds.deltas, (value) => readDelta(read, value)),
  };
}

function readRecall(read: Reader, value: unknown): Recall {
  const { at, reason, replacement } = read.record(value, 'recalled');
  return {
    at: read.text(at, 'recalled.at', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    reason: read.text(reason, 'recalled.reason', /^[^\p{Cc}]*$/u),
    ...(replacement === undefined
      ? {}
      : { replacement: read.version(read.record(replacement, 'replacement'), 'replacement') }),
  };
}

function readDelta(read: Reader, value: unknown): DeltaRecipe {
  const { fromSha256, target, algorithm, windowLog } = read.record(value, 'a delta');
  if (algorithm !== 'zstd-dictionary') read.fail('the algorithm of a delta is not zstd-dictionary');
  return {
    fromSha256: read.text(fromSha256, 'fromSha256', sha256),
    target: read.text(target, 'target of a delta', /^[^\p{Cc}]+$/u),
    algorithm,
    windowLog: read.integer(windowLog, 'windowLog', 10, 27),
  };
}

function readUpdateTarget(read: Reader, fields: Fields): UpdateTarget {
  const files = read.list(fields.files, 'files', targetBounds.files, (value) => {
    const { name, length, sha256: digest } = read.record(value, 'a file');
    return {
      name: read.text(name, 'name of a file', plainName),
      length: read.integer(length, 'length of a file', 0, Number.MAX_SAFE_INTEGER),
      sha256: read.text(digest, 'sha256 of a file', sha256),
    };
  });
  const { program, otherwise } = fields;
  return {
    kind: 'update',
    updateId: read.text(fields.updateId, 'updateId', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    revision: read.integer(fields.revision, 'revision', 0, 2 ** 31 - 1),
    files,
    ...(program === undefined ? {} : { program: read.text(program, 'program', pathBelow) }),
    arguments: read.text(fields.arguments, 'arguments', /^[^\0\r\n]*$/, targetBounds.line),
    returnCodes: read.list(fields.returnCodes, 'returnCodes', targetBounds.returnCodes, (value) =>
      readReturnCode(read, value),
    ),
    ...(otherwise === undefined ? {} : { otherwise: readResult(read, read.record(otherwise, 'otherwise')) }),
    approvals: read.list(fields.approvals, 'approvals', targetBounds.approvals, (value) => {
      const { group, action } = read.record(value, 'an approval');
      if (action !== 'install' && action !== 'uninstall') read.fail('the action of an approval is not known');
      return { group: read.text(group, 'group', /^[^\p{Cc}]{1,256}$/u), action };
    }),
  };
}

function readReturnCode(read: Reader, value: unknown): ReturnCode {
  const fields = read.record(value, 'a return code');
  return { code: read.integer(fields.code, 'code', -(2 ** 31), 2 ** 32 - 1), ...readResult(read, fields) };
}

function readResult(read: Reader, { result, reboot }: Fields): Omit<ReturnCode, 'code'> {
  if (result !== 'succeeded' && result !== 'failed' && result !== 'cancelled') read.fail('a result is not known');
  if (typeof reboot !== 'boolean') read.fail('reboot of a return code is not true or false');
  return { result, reboot };
}

type Fields = Record<string, unknown>;
const sha256 = /^[0-9a-f]{64}$/;
/** A name in one folder, on Windows too: no separator, no stream, no `..`. */
const plainName = /^(?!\.{1,2}$)[^\p{Cc}\\/:*?"<>|]{1,240}$/u;

/** A path that goes down only, on Windows too. */
const pathBelow = /^(?![\\/])(?!(?:.*[\\/])?\.\.?(?:[\\/]|$))[^\p{Cc}:*?"<>|]{1,500}$/u;

class Reader {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  fail(why: string): never {
    throw new ReleaseError('RELEASE_TARGET_MALFORMED', `The target ${this.path} cannot be used: ${why}.`);
  }

  record(value: unknown, what: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(`${what} is not an object`);
    return value as Fields;
  }

  text(value: unknown, what: string, pattern: RegExp, longest = targetBounds.text): string {
    if (typeof value !== 'string' || value.length > longest || !pattern.test(value)) this.fail(`${what} is not valid`);
    return value;
  }

  integer(value: unknown, what: string, least: number, most: number): number {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
      this.fail(`${what} is not a whole number from ${least} to ${most}`);
    }
    return value;
  }

  version(fields: Fields, what: string): ReleaseVersion {
    const version = this.text(fields.version, `version of ${what}`, /^[\d.]{7,23}$/);
    if (!isVersion(version)) this.fail(`version of ${what} has not four parts`);
    return { epoch: this.integer(fields.epoch, `epoch of ${what}`, 0, 999_999_999), version };
  }

  list<T>(value: unknown, what: string, most: number, read: (entry: unknown) => T): T[] {
    if (!Array.isArray(value) || value.length > most) this.fail(`${what} is not a list of at most ${most}`);
    return value.map(read);
  }
}
