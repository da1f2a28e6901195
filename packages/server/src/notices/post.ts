// One message to one webhook, as Standard Webhooks has it: a signature over id, time and body.
import { createHmac } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import type { NoticeMessage } from '@moult/administration/notices';
import { publicLookup, requirePublicHost } from '@moult/administration/web-files';
import { jsonText } from '@moult/formats/text';

interface PostOptions {
  /** As `whsec_` and base64. */
  secret: string;
  allowsPrivate: boolean;
  now: Date;
  answerMs: number;
  signal: AbortSignal;
}

/** Answers the HTTP status. Rejects without an answer. Redirections are not followed: they lead to another receiver. */
export async function postMessage(address: string, message: NoticeMessage, options: PostOptions): Promise<number> {
  const { allowsPrivate, answerMs, signal } = options;
  const url = new URL(address);
  if (!allowsPrivate) requirePublicHost(url);
  const { body, headers } = signedMessage(message, options.secret, options.now);
  const send = url.protocol === 'https:' ? requestSecure : requestPlain;
  return new Promise((resolve, reject) => {
    const asked = send(url, {
      ...{ method: 'POST', headers, agent: false, ...(!allowsPrivate && { lookup: publicLookup() }) },
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    asked.once('error', reject);
    asked.once('response', (response) => {
      resolve(response.statusCode ?? 0);
      // The body of the answer is not read: it may be long.
      response.destroy();
    });
    asked.end(body);
  });
}

/** The body and the headers of a message. */
export function signedMessage({ messageId, type, at, data }: NoticeMessage, secret: string, now: Date) {
  const body = jsonText({ type, timestamp: at, data });
  const time = String(Math.floor(now.getTime() / 1000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${messageId}.${time}.${body}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Moult',
    'webhook-id': messageId,
    'webhook-timestamp': time,
    'webhook-signature': `v1,${signature}`,
  };
  return { body, headers };
}
