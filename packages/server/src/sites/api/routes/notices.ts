// Operations on webhooks.
import {
  addTarget,
  listMessages,
  listTargets,
  noticeTypes,
  removeTarget,
  replayMessage,
  testTarget,
} from '@moult/administration/notices';
import * as z from 'zod';
import { route } from '../route.ts';
import { id, instant, someText, whole, wholeOf } from '../shapes.ts';

const type = z.enum(noticeTypes);
const target = z.looseObject({
  ...{ targetId: id, address: z.string(), types: z.array(type), allowsPrivate: z.boolean(), isDisabled: z.boolean() },
  ...{ createdAt: instant, createdBy: z.string(), deliveredAt: instant.optional(), failingSince: instant.optional() },
  ...{ waiting: z.int(), attempts: z.int(), dropped: z.int(), error: z.string().optional() },
});
const message = z.looseObject({
  ...{ messageId: z.string(), type: z.string(), at: instant, data: z.looseObject({}) },
});
const pathSchema = z.object({ webhook: someText(2048).describe('Id, its beginning, or the address') });
const refusals = { 404: 'The webhook is not there' };
const topic = 'Webhooks';

export const noticeRoutes = [
  route(['listWebhooks', 'GET', '/webhooks', 'administer', topic], {
    summary: 'List webhooks, and the messages that wait for them',
    answer: wholeOf(target),
    handle: async ({ administration }) => whole(await listTargets(administration)),
  }),
  route(['addWebhook', 'POST', '/webhooks', 'administer', topic], {
    status: 201,
    summary:
      'Send messages to a program (Standard Webhooks) or by mail from now on. Only this answer has the secret of the signatures',
    bodySchema: z.strictObject({
      address: z.string().max(2048).describe('https://…, or mailto: and addresses with commas between them'),
      types: z.array(type).min(1).max(noticeTypes.length),
      when: z.enum(['at-once', 'daily']).default('at-once').describe('Of mail'),
      allowPrivate: z.boolean().default(false).describe('Allow http, and an address of a private network'),
    }),
    answer: target.extend({ secretOnce: z.string() }),
    refusals: { 409: 'The address cannot be, or there are too many' },
    isSecret: true,
    handle: ({ administration, body: { allowPrivate, ...wish } }) =>
      addTarget(administration, { ...wish, allowsPrivate: allowPrivate }),
  }),
  route(['removeWebhook', 'DELETE', '/webhooks/{webhook}', 'administer', topic], {
    summary: 'Remove a webhook, with the messages that wait for it',
    pathSchema,
    answer: target,
    refusals,
    handle: ({ administration, path }) => removeTarget(administration, path.webhook),
  }),
  route(['testWebhook', 'POST', '/webhooks/{webhook}/test', 'administer', topic], {
    summary: 'Send a message of the type test. It also enables a webhook that was disabled',
    pathSchema,
    bodySchema: z.strictObject({}),
    answer: message,
    refusals,
    handle: ({ administration, path }) => testTarget(administration, path.webhook),
  }),
  route(['listWebhookMessages', 'GET', '/webhooks/{webhook}/messages', 'administer', topic], {
    summary: 'List the messages that wait, and the newest that were delivered',
    pathSchema,
    answer: wholeOf(message.extend({ isDelivered: z.boolean() })),
    refusals,
    handle: async ({ administration, path }) => whole(await listMessages(administration, path.webhook)),
  }),
  route(['replayWebhookMessage', 'POST', '/webhooks/{webhook}/replays', 'administer', topic], {
    summary: 'Send a delivered message again, with the same id',
    pathSchema,
    bodySchema: z.strictObject({ message: someText(300).describe('Its id') }),
    answer: message,
    refusals: { 404: 'The webhook or the message is not there' },
    handle: ({ administration, path, body }) => replayMessage(administration, path.webhook, body.message),
  }),
];
