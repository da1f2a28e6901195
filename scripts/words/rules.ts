// The countable rules of our style for words: short sentences, the actor first, one word for one thing.
// scripts/check-words.ts holds pages, help texts, findings, comments and texts of the sources to them.
import { countWords, type Piece, type PieceKind, plainText, readSentences } from './prose.ts';

/** A sentence has no more words than this. */
export const mostWords = 20;

interface Ban {
  pattern: RegExp;
  instead: string;
  /** Pieces that the rule does not hold for: a heading may ask. */
  except?: readonly PieceKind[];
}

/** Looked for in each sentence. */
const bans: readonly Ban[] = [
  { pattern: /;/, instead: 'make two sentences' },
  { pattern: /\bmend(?:s|ed|ing)?\b|\bputs? right\b/i, instead: 'write "fix"' },
  { pattern: /\b(?:set|sets|setting|kept|keeps?) aside\b/i, instead: 'write "hold back" or "move"' },
  { pattern: /\banew\b/i, instead: 'write "again"' },
  { pattern: /\bbesides\b/i, instead: 'write "also"' },
  { pattern: /\btill\b/i, instead: 'write "until"' },
  { pattern: /\b(?:take|takes|taking|took|taken) (?:[\w-]+ ){0,2}back\b/i, instead: 'write "undo" or "withdraw"' },
  { pattern: /\bbut for\b/i, instead: 'write "except"' },
  { pattern: /\bunless somebody\b/i, instead: 'write "if" and name the actor' },
  {
    pattern: /\b(?:is|are|was|were) (?:no|none)\b(?! (?:longer|more|later|earlier|older|newer|larger|smaller)\b)/i,
    instead: 'negate the verb',
  },
  { pattern: /\bnobody\b|\bnothing of it\b/i, instead: 'negate the verb' },
  { pattern: /\bwould\b/i, instead: 'write in the present' },
  { pattern: /\b(?:has|have|had) to be\b/i, instead: 'write "must", or use the imperative' },
  { pattern: /\b(?:is|are|was|were) to (?!the\b|a\b|an\b|it\b)[a-z]+/, instead: 'write "must" or "can"' },
  { pattern: /\b(?:of|to|for|from|with|by) (?:which|whom)\b/i, instead: 'use a noun and a new sentence' },
  {
    pattern: /^Where (?!CODE)\S+ .*[^?]$/,
    instead: 'begin the condition with "If" or "When"',
    except: ['header', 'heading'],
  },
  {
    pattern: /^(?:What|Who|Whoever|Whatever)\b.*[^?]$/,
    instead: 'begin with the actor',
    except: ['header', 'heading'],
  },
  {
    pattern: /\b(?:stands?|stood|lies|lay) (?:in|at|on|beside|behind|below|under|there|before|between)\b/i,
    instead: 'write "is"',
  },
  { pattern: /\b(?:held|holds?) (?:[\w-]+ ){0,3}against\b/i, instead: 'write "check" or "compare"' },
  { pattern: /\w\(s\)/, instead: 'count right: "1 file", "2 files"' },
];

/** Looked for in the texts of the sources too: errors, lists and screens. A text is seldom a whole sentence there. */
const bansInTexts: readonly Ban[] = [
  { pattern: /\bmend(?:s|ed|ing)?\b|\bputs? right\b/i, instead: 'write "fix"' },
  { pattern: /\b(?:set|sets|setting|kept|keeps?) aside\b/i, instead: 'write "hold back" or "move"' },
  { pattern: /\banew\b/i, instead: 'write "again"' },
  { pattern: /\b(?:take|takes|taking|took|taken) (?:[\w-]+ ){0,2}back\b/i, instead: 'write "undo" or "withdraw"' },
  { pattern: /\bbut for\b/i, instead: 'write "except"' },
  {
    pattern:
      /(?<!there )\b(?:is|are|was|were) (?:no|none)\b(?! (?:longer|more|later|earlier|older|newer|larger|smaller)\b)/i,
    instead: 'negate the verb',
  },
  { pattern: /(?<!--metrics )\bnobody\b/i, instead: 'negate the verb' },
  { pattern: /\b(?:has|have|had) to be\b/i, instead: 'write "must"' },
  {
    pattern: /\b(?:stands?|stood|lies|lay) (?:in|at|on|beside|behind|below|under|there|before|between)\b/i,
    instead: 'write "is"',
  },
  { pattern: /\w\(s\)/, instead: 'count right: "1 file", "2 files"' },
];

/** The faults of one text of the sources. Empty for a name, and for a text of fewer than two words. */
export function textFaults(literal: string): string[] {
  const text = literal.replaceAll(/\$\{[^}]*\}/g, '0');
  if (!/\w\s+\w/.test(text)) return [];
  return bansInTexts.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(text)?.[0];
    return found ? [`"${found}": ${instead}: ${startOf(text)}`] : [];
  });
}

/** The faults of one piece of a page, each as a sentence. */
export function faultsOf(piece: Pick<Piece, 'kind' | 'text'>): string[] {
  return [...sentenceFaults(piece), ...colonFaults(piece.text)];
}

/** The faults of the sentences of a text, each as a sentence. */
export function sentenceFaults({ kind, text }: Pick<Piece, 'kind' | 'text'>): string[] {
  const sentences = readSentences(text);
  const long = kind === 'heading' ? [] : sentences.filter((sentence) => countWords(sentence) > mostWords);
  return [
    ...long.map(
      (sentence) => `${countWords(sentence)} words in a sentence (at most ${mostWords}): ${startOf(sentence)}`,
    ),
    ...sentences.flatMap((sentence) =>
      bans
        .filter(({ pattern, except }) => !except?.includes(kind) && pattern.test(sentence))
        .map(
          ({ pattern, instead }) => `"${pattern.exec(sentence)?.[0].slice(0, 40)}": ${instead}: ${startOf(sentence)}`,
        ),
    ),
  ];
}

/** The product that a step is for: `Moult: run …`. */
const label = /^(?:(?:Moult|WSUS|SUS|IIS|Windows|Linux)(?:[ ,\w]*)?|\*\*[^*]+\*\*): /;

/** One colon leads to a list, a command or an example. Two in one sentence lead nowhere. An aside may have its own. */
function colonFaults(text: string): string[] {
  return plainText(text.replace(label, ''))
    .replaceAll(/\([^()]*\)/g, '')
    .split(/(?<=[.!?])\s+/)
    .filter((sentence) => (sentence.match(/:(?=\s)/g)?.length ?? 0) > 1)
    .map((sentence) => `two colons in a sentence: make two sentences: ${startOf(sentence)}`);
}

function startOf(sentence: string): string {
  return sentence.length > 90 ? `${sentence.slice(0, 87)}…` : sentence;
}
