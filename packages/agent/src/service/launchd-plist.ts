// The property list of launchd.

import type { ServiceSpec } from './identity.ts';
import { sealed } from './seal.ts';

/** The text of the property list, with its seal. Throws RangeError for a path that XML cannot hold. */
export function launchdPlist({ names, program, args, output }: ServiceSpec): string {
  return sealed(
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!-- @seal -->',
      `<!-- "${names.command} service install" wrote this file. -->`,
      '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
      '<plist version="1.0">',
      '<dict>',
      '  <key>Label</key>',
      `  ${text(names.label)}`,
      '  <key>ProgramArguments</key>',
      '  <array>',
      ...[program, ...args].map((word) => `    ${text(word)}`),
      '  </array>',
      '  <key>RunAtLoad</key>',
      '  <true/>',
      '  <key>KeepAlive</key>',
      '  <true/>',
      '  <key>ThrottleInterval</key>',
      '  <integer>15</integer>',
      '  <key>ExitTimeOut</key>',
      '  <integer>90</integer>',
      '  <!-- An installer that runs is left to its end. -->',
      '  <key>AbandonProcessGroup</key>',
      '  <true/>',
      '  <key>Umask</key>',
      '  <integer>18</integer>',
      '  <key>StandardOutPath</key>',
      `  ${text(output)}`,
      '  <key>StandardErrorPath</key>',
      `  ${text(output)}`,
      '</dict>',
      '</plist>',
      '',
    ].join('\n'),
  );
}

function text(value: string): string {
  return `<string>${escapeXml(value)}</string>`;
}

/** Throws RangeError for characters that no XML text may have. */
export function escapeXml(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot hold.
  if (/[\u0000-\u001f\u007f]/.test(value)) throw new RangeError(`${JSON.stringify(value)} cannot be in a definition.`);
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
