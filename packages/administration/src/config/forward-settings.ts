// Settings of audit records that leave the server: to a syslog server, and into a file.
import { isIP } from 'node:net';
import * as z from 'zod';
import { setting, text } from './values.ts';

export interface SyslogTarget {
  way: 'udp' | 'tcp' | 'tls';
  host: string;
  port: number;
}

const defaultPorts = { udp: 514, tcp: 601, tls: 6514 } as const;

/** Reads `udp://host[:514]`, `tcp://host[:601]`, `tls://host[:6514]`. Undefined for other text. */
export function readSyslogTarget(text: string): SyslogTarget | undefined {
  const [, way, bracketed, name, port] =
    /^(udp|tcp|tls):\/\/(?:\[([\da-f:.]+)\]|([\w.-]{1,253}))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? name;
  if (way === undefined || host === undefined || (bracketed !== undefined && isIP(bracketed) !== 6)) return undefined;
  const known = way.toLowerCase() as SyslogTarget['way'];
  const number = port === undefined ? defaultPorts[known] : Number(port);
  return number >= 1 && number <= 65_535 ? { way: known, host, port: number } : undefined;
}

export const forwardSettings = {
  syslog: setting(
    'running',
    z
      .string()
      .refine((value) => value === 'off' || readSyslogTarget(value) !== undefined)
      .describe('off, or udp://HOST, tcp://HOST or tls://HOST, with a port if need be'),
    'URL|off',
    'off',
    'Send audit records to this syslog server (RFC 5424), from the next change on',
  ),
  syslogCa: setting(
    'running',
    text.optional(),
    'FILE',
    undefined,
    'Certificates (PEM) of the authority that certifies the syslog server. Default: those of the system',
  ),
  auditFile: setting(
    'running',
    text.optional(),
    'FILE',
    undefined,
    'Append audit records to this file, one JSON document per line, from the next change on',
  ),
} as const;
