// Messages as mail: all that wait for a target in one, as plain text.
import type { ServerConfig } from '@moult/administration/config';
import type { NoticeMessage } from '@moult/administration/notices';
import { readOutside } from '@moult/disk';
import { visibleText } from '@moult/formats/text';

/** Sends one mail. Rejects when the mail server does not take it for every receiver. */
export type SendMail = (to: readonly string[], messages: readonly NoticeMessage[]) => Promise<void>;

type MailConfig = Pick<ServerConfig, 'smtp' | 'smtpUser' | 'smtpPasswordFile' | 'smtpCa' | 'mailFrom'>;

/** Undefined without the setting `smtp`. */
export function openMail(config: MailConfig, host: string, timeoutMs: number): SendMail | undefined {
  if (config.smtp === 'off') return undefined;
  const url = new URL(config.smtp);
  const isSecure = url.protocol === 'smtps:';
  const port = url.port === '' ? (isSecure ? 465 : 25) : Number(url.port);
  return async (to, messages) => {
    const { createTransport } = await import('nodemailer');
    const { smtpUser, smtpPasswordFile, smtpCa, mailFrom = `moult@${host}` } = config;
    const pass =
      smtpPasswordFile === undefined ? '' : (readOutside(smtpPasswordFile).toString('utf8').split(/\r?\n/, 1)[0] ?? '');
    const transport = createTransport({
      ...{ host: url.hostname.replace(/^\[|\]$/g, ''), port, secure: isSecure, name: host },
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      // A password goes over an encrypted connection only.
      ...(smtpUser !== undefined && { auth: { user: smtpUser, pass }, requireTLS: true }),
      tls: smtpCa === undefined ? {} : { ca: readOutside(smtpCa).toString('utf8') },
      // No message names a file or an address to fetch.
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    try {
      const { rejected } = await transport.sendMail({ from: mailFrom, to: [...to], ...letterOf(messages, host) });
      if (rejected.length > 0) throw new Error(`the mail server refuses ${rejected.length} of the receivers`);
    } finally {
      transport.close();
    }
  };
}

const titles: Readonly<Record<NoticeMessage['type'], string>> = {
  'updates.new': 'New updates came',
  'sync.failed': 'A synchronisation failed',
  'ring.halted': 'An update that goes through rings is halted',
  'computers.silent': 'More computers are silent',
  'expiry.soon': 'Something ends soon',
  'backup.failed': 'A backup failed or is late',
  'audit.recorded': 'An administrator changed something',
  test: 'This is a test',
};

/** Subject and text. Names from outside are made visible, and end no line. */
export function letterOf(messages: readonly NoticeMessage[], host: string): { subject: string; text: string } {
  const [first] = messages;
  const more = messages.length > 1 ? ` and ${messages.length - 1} more` : '';
  const lines = messages.map(
    ({ type, at, data }) => `${at}  ${titles[type]}\n    ${visibleText(JSON.stringify(data))}`,
  );
  return {
    subject: `Moult on ${host}: ${first ? titles[first.type] : ''}${more}`,
    text: `${lines.join('\n\n')}\n\n"moult notices" on the server lists and removes these messages.\n`,
  };
}
