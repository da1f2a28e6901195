// The files of a bundle. DIR/bundle.json is signed and names all others with their digests: updates-0001.cab and so on, each a
// package as `wsusutil export` writes it, and content/XX/HEX.ext, which is the layout of WsusContent.
import type { DeploymentAction } from '@moult/store';
import * as z from 'zod';

export const bundleFormat = 'moult-bundle-1';
export const bundleName = 'bundle.json';
export const signatureName = 'bundle.signature.json';
/** In a folder whose export was not finished. */
export const unfinishedName = 'unfinished-export';

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));
const sizeBytes = z.int().min(0);
const guid = z.guid().toLowerCase();
const actions = [
  'Install',
  'OptionalInstall',
  'Uninstall',
  'PreDeploymentCheck',
  'Block',
] as const satisfies readonly DeploymentAction[];

/** The documents of a server up to its newest: how many, and the SHA-256 over all their identities. */
export const stateShape = z.strictObject({ position: z.int().min(0), digest: hex(64) });

export type CatalogState = z.infer<typeof stateShape>;

const packageShape = z.strictObject({
  name: z.string().regex(/^updates-\d{4,6}\.cab$/),
  ...{ sizeBytes, sha256: hex(64), documents: z.int().min(1) },
});

const contentShape = z.strictObject({
  ...{ sha1: hex(40), sha256: hex(64), sizeBytes },
  extension: z.string().regex(/^(?:\.[a-z0-9_-]{1,16})?$/),
});

const groupShape = z.strictObject({
  ...{ groupId: guid, name: z.string().min(1).max(256) },
  ...{ parentId: guid.optional(), timeZone: z.string().max(100).optional() },
});

const decisionShape = z.strictObject({
  ...{ updateId: guid, groupId: guid, action: z.enum(actions), deadline: z.iso.datetime().optional() },
});

/** Of one key of an encrypted file. */
export const keyBytes = 1024;

const keyShape = z.strictObject({
  ...{ sha1: hex(40), updateId: guid, revisionNumber: z.int().min(0) },
  key: z
    .base64()
    .min(4)
    .max(Math.ceil(keyBytes / 3) * 4),
});

export const bundleShape = z.strictObject({
  format: z.literal(bundleFormat),
  ...{ bundleId: guid, madeAt: z.iso.datetime(), madeBy: z.string().max(100) },
  /** The state that the bundle continues. Without it, all documents are in the bundle. */
  since: stateShape.optional(),
  state: stateShape,
  packages: z.array(packageShape),
  /** Updates that wait for others on the server that wrote this, too. */
  waiting: z.array(z.string().max(60)),
  content: z.array(contentShape),
  /** Files of approved updates that the server did not have. */
  missing: z.int().min(0),
  /** LCIDs of the languages that the server synchronises. Empty: all of them. */
  languages: z.array(z.int().min(0)),
  groups: z.array(groupShape),
  decisions: z.array(decisionShape),
  declined: z.array(guid),
  /** Of encrypted files, when the export was asked for them. */
  keys: z.array(keyShape).optional(),
  /** Encrypted files whose keys are not in it. */
  withoutKey: z.int().min(1).optional(),
});

export type Bundle = z.infer<typeof bundleShape>;
export type BundleContent = Bundle['content'][number];
