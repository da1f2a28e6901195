// What no title, cause or step of a report may hold.
import assert from 'node:assert/strict';
import type { Finding } from '../finding.ts';

const refused: readonly [RegExp, string][] = [
  [/\{|\}|undefined|\[object/, 'a placeholder'],
  [
    /\b(?:SERVER|HOST|PORT|PROXY|CLIENT|FILE|DIR|FOLDER|INNER|ADDRESS|NAME|LANGUAGE|URL-|PATH)\b(?!\s*=)/,
    'a word in capitals that stands for something',
  ],
  [
    /\bits (?:address|issuer)\b|see the evidence|no code\b|not named|not in the table|party that this client/,
    'a filler',
  ],
  [
    /https?:\/\/(?:the |this |your |[\s`/]|$)|\/\/the\b|-Port\s*(?:[`)]|$)|(?:nslookup|ping|telnet|Resolve-DnsName|Test-NetConnection)\s+`/,
    'an address or command with a gap',
  ],
  [/from memory|uncertain|inferred/, 'a note about where a number is from'],
  [/[a-z]…|…$/, 'a cut word'],
  [/\s\(\s*\)|: *\.|\s[.,;](?=\s|$)|"\s*"|``|\.\.|: *$|^\s*[a-z]+\s/, 'a hole'],
];

/** Throws where a sentence holds such a thing; `where` names the sentence. */
export function refuseWords(text: string, where: string): void {
  for (const [pattern, what] of refused) assert.doesNotMatch(text, pattern, `${what} in ${where}: ${text}`);
}

/** The same for all sentences of a finding. */
export function refuseFinding(finding: Finding, where: string): void {
  const { code, what, cause, remedy, settles } = finding;
  refuseWords(what, `the title of ${code}, ${where}`);
  refuseWords(cause, `the cause of ${code}, ${where}`);
  for (const step of remedy) refuseWords(step, `a step of ${code}, ${where}`);
  if (settles !== undefined) refuseWords(settles, `what settles ${code}, ${where}`);
}
