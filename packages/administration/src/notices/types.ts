// Messages for administrators and their programs, and the targets that get them.
import * as z from 'zod';

export const noticeTypes = [
  ...(['updates.new', 'sync.failed', 'ring.halted', 'computers.silent', 'expiry.soon', 'backup.failed'] as const),
  'audit.recorded',
] as const;
export type NoticeType = (typeof noticeTypes)[number];

export interface NoticeMessage {
  /** The same in each try, so that a receiver knows a repetition. */
  messageId: string;
  type: NoticeType | 'test';
  /** ISO 8601. */
  at: string;
  data: Readonly<Record<string, unknown>>;
}

const message = z.object({
  ...{ messageId: z.string(), type: z.enum([...noticeTypes, 'test']), at: z.string() },
  data: z.record(z.string(), z.unknown()),
});

/** As the store keeps it. */
const target = z.object({
  ...{ targetId: z.string(), address: z.string(), types: z.array(z.enum(noticeTypes)), allowsPrivate: z.boolean() },
  /** Of mail: each message, or all of a day together. */
  when: z.enum(['at-once', 'daily']).default('at-once'),
  /** Of a webhook, sealed with a key of the server. Empty for mail. */
  secret: z.string(),
  ...{ createdAt: z.string(), createdBy: z.string() },
  /** How far each source was read. */
  seen: z.object({ audit: z.number(), sync: z.string(), told: z.record(z.string(), z.string()) }),
  pending: z.array(message),
  /** Delivered, the newest last. */
  recent: z.array(message),
  /** Messages that went because too many waited. */
  dropped: z.number(),
  attempts: z.number(),
  /** Milliseconds since 1970. Until then nothing is sent: another server sends, or the last try failed. */
  dueAt: z.number(),
  failingSince: z.string().optional(),
  deliveredAt: z.string().optional(),
  error: z.string().optional(),
  isDisabled: z.boolean(),
});

export type NoticeTarget = z.output<typeof target>;

export const targetPrefix = 'notice-target:';

/** Undefined for text that no version of Moult wrote. */
export function parseTarget(text: string | undefined): NoticeTarget | undefined {
  if (text === undefined) return undefined;
  try {
    return target.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
