// Finds many words in a line at once (Aho and Corasick 1975), whatever their letter case: one step per byte, however
// many words there are. If a line lacks all words, dozens of patterns need not search it.

/** The finder answers with the bits of three numbers. */
export interface Marks {
  low: number;
  high: number;
  flags: number;
}

/** A word, in lower case, and what it stands for. */
export interface Word extends Partial<Marks> {
  text: string;
}

interface Node {
  next: Map<number, Node>;
  fail: Node | undefined;
  marks: Marks;
  id: number;
}

/** Looks for words in ASCII text. Bytes beyond it set `beyond` among the flags. */
export class WordFinder {
  /** The words that the last `find` found. */
  readonly marks: Marks = { low: 0, high: 0, flags: 0 };
  private readonly classes = new Uint8Array(256);
  private readonly next: Uint16Array;
  private readonly shift: number;
  /** States from here on tell of something. */
  private readonly firstTelling: number;
  private readonly low: Int32Array;
  private readonly high: Int32Array;
  private readonly flags: Int32Array;

  constructor(words: readonly Word[], beyond: number) {
    const width = this.sortBytes(words);
    this.shift = Math.ceil(Math.log2(width));
    const nodes = this.trieOf(words, beyond);
    const tells = ({ marks }: Node) => marks.low !== 0 || marks.high !== 0 || marks.flags !== 0;
    const ordered = [...nodes.filter((node) => !tells(node)), ...nodes.filter(tells)];
    ordered.forEach((node, id) => {
      node.id = id;
    });
    this.firstTelling = ordered.findIndex(tells);
    this.low = Int32Array.from(ordered, ({ marks }) => marks.low);
    this.high = Int32Array.from(ordered, ({ marks }) => marks.high);
    this.flags = Int32Array.from(ordered, ({ marks }) => marks.flags);
    this.next = new Uint16Array(ordered.length << this.shift);
    for (const node of ordered) {
      for (let letter = 0; letter < width; letter++) {
        this.next[(node.id << this.shift) | letter] = step(node, letter).id;
      }
    }
  }

  /** Walks over the bytes from `start` to `end`. `marks` has what is there. */
  find(bytes: Uint8Array, start: number, end: number): void {
    const { next, classes, shift, firstTelling } = this;
    let state = 0;
    let low = 0;
    let high = 0;
    let flags = 0;
    for (let at = start; at < end; at++) {
      state = next[(state << shift) | (classes[bytes[at] as number] as number)] as number;
      if (state < firstTelling) continue;
      low |= this.low[state] as number;
      high |= this.high[state] as number;
      flags |= this.flags[state] as number;
    }
    this.marks.low = low;
    this.marks.high = high;
    this.marks.flags = flags;
  }

  /** Gives every byte that a word has a number: 0 is all others, 1 what is beyond ASCII. Answers how many there are. */
  private sortBytes(words: readonly Word[]): number {
    let count = 2;
    this.classes.fill(1, 128);
    for (const letter of new Set(words.map(({ text }) => text).join(''))) {
      this.classes[letter.charCodeAt(0)] = count;
      this.classes[letter.toUpperCase().charCodeAt(0)] = count;
      count++;
    }
    return count;
  }

  /** All nodes, each behind those of shorter beginnings. */
  private trieOf(words: readonly Word[], beyond: number): Node[] {
    const root = nodeOf(undefined);
    for (const word of [{ text: '\u0080', flags: beyond }, ...words]) {
      let node = root;
      for (const letter of word.text) {
        const byte = this.classes[letter.charCodeAt(0)] as number;
        const known = node.next.get(byte) ?? nodeOf(root);
        node.next.set(byte, known);
        node = known;
      }
      mark(node.marks, word);
    }
    const nodes = [root];
    for (const node of nodes) {
      for (const [letter, child] of node.next) {
        child.fail = node === root ? root : step(node.fail ?? root, letter);
        mark(child.marks, child.fail.marks);
        nodes.push(child);
      }
    }
    return nodes;
  }
}

function nodeOf(fail: Node | undefined): Node {
  return { next: new Map(), fail, marks: { low: 0, high: 0, flags: 0 }, id: 0 };
}

function step(from: Node, letter: number): Node {
  let node = from;
  for (;;) {
    const next = node.next.get(letter);
    if (next) return next;
    if (!node.fail) return node;
    node = node.fail;
  }
}

function mark(marks: Marks, { low = 0, high = 0, flags = 0 }: Partial<Marks>): void {
  marks.low |= low;
  marks.high |= high;
  marks.flags |= flags;
}
