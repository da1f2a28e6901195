// Settings in the list of readers, so that every doctor command takes them. They are judged as a whole, at their end.
import { encodePolicyFile } from '@moult/formats/registry';
import type { Observation } from '../../finding.ts';
import { settingsBounds } from '../../input-bounds.ts';
import type { LogFile, LogReader } from '../../story/reader.ts';
import { isPolicyFile, observeSettings, readPolicyFile, settingsInputOf } from './index.ts';

const key = 'HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate';
const pointed = `Windows Registry Editor Version 5.00\r\n\r\n[${key}]\r\n"WUServer"="http://wsus.example:8530"\r\n"WUStatusServer"="http://wsus.example:8530"\r\n\r\n[${key}\\AU]\r\n"UseWUServer"=dword:00000001\r\n`;

export const settingsReader: LogReader = {
  kind: 'settings',
  title: 'settings',
  recognises: ({ text }) => settingsInputOf(text.slice(0, settingsBounds.maxHead)) !== undefined,
  sample: {
    name: 'policy.reg',
    healthy: pointed,
    errors: ['"UseWUServer"=dword:00000000\r\n', `\r\n[${key}]\r\n"WUServer"="wsus .example"\r\n`],
  },
  open({ path, computer }: LogFile) {
    const lines: string[] = [];
    return {
      line(text, number) {
        // Empty lines are not told, and they part lists from each other.
        if (number <= settingsBounds.maxLines) {
          while (lines.length < number - 1) lines.push('');
          lines.push(text);
        }
        return [];
      },
      observations(): readonly Observation[] {
        const text = lines.join('\n');
        const input = settingsInputOf(text.slice(0, settingsBounds.maxHead));
        return input ? observeSettings(input.read(text, path), computer) : [];
      },
    };
  },
};

const policyKey = 'Software\\Policies\\Microsoft\\Windows\\WindowsUpdate';
const policyFile = Buffer.from(
  encodePolicyFile([
    { key: policyKey, name: 'WUServer', value: { type: 'REG_SZ', data: 'http://wsus.example:8530' } },
    { key: policyKey, name: 'WUStatusServer', value: { type: 'REG_SZ', data: 'http://wsus.example:8530' } },
    { key: `${policyKey}\\AU`, name: 'UseWUServer', value: { type: 'REG_DWORD', data: 1 } },
  ]),
).toString('latin1');

const pieceBytes = 65_536;

/** The meaning of the bytes, until `observations` asks for it. */
const seen = new WeakMap<LogFile, Observation[]>();

export const policyFileReader: LogReader = {
  kind: 'settings',
  title: 'Registry.pol',
  recognises: ({ bytes, path }) => isPolicyFile(bytes, path),
  sample: { name: 'Registry.pol', healthy: policyFile, errors: ['[', 'cut'] },
  open: (file) => ({ line: () => [], observations: () => seen.get(file) ?? [] }),
  readAt(read, file) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < settingsBounds.maxPolicyBytes; at += pieceBytes) {
      const piece = Buffer.from(read(at, pieceBytes));
      pieces.push(piece);
      if (piece.length < pieceBytes) break;
    }
    seen.set(file, observeSettings(readPolicyFile(Buffer.concat(pieces), file.path), file.computer));
    return [];
  },
};
