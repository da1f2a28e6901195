// Event log files for tests, written as Windows writes them: a template for each shape of event, inline where it is used
// first, and its values behind; names once in each chunk; EventData as a value that is BinXML itself.

export interface NewEvent {
  provider: string;
  id: number;
  level: number;
  at: Date;
  channel?: string;
  computer?: string;
  /** Named values of EventData, as text. */
  data?: Record<string, string>;
}

const chunkBytes = 65_536;

/** One chunk, as bytes that grow. */
class ChunkWriter {
  readonly bytes = Buffer.alloc(chunkBytes);
  at = 512;
  private readonly names = new Map<string, number>();
  readonly templates = new Map<string, number>();

  u8(...values: number[]): void {
    for (const value of values) this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.at = this.bytes.writeUInt16LE(value, this.at);
  }

  u32(value: number): void {
    this.at = this.bytes.writeUInt32LE(value, this.at);
  }

  u64(value: bigint): void {
    this.at = this.bytes.writeBigUInt64LE(value, this.at);
  }

  utf16(text: string): void {
    this.at += this.bytes.write(text, this.at, 'utf16le');
  }

  name(text: string): void {
    const known = this.names.get(text);
    this.u32(known ?? this.at + 4);
    if (known !== undefined) return;
    this.names.set(text, this.at);
    this.u32(0);
    this.u16(0);
    this.u16(text.length);
    this.utf16(`${text}\0`);
  }
}

type Attribute = [name: string, value: string | number];

/** Text is written into the template, a number stands for a value. */
function element(chunk: ChunkWriter, name: string, attributes: Attribute[], content: (() => void) | undefined): void {
  chunk.u8(attributes.length > 0 ? 0x41 : 0x01);
  chunk.u16(0xffff);
  const size = chunk.at;
  chunk.u32(0);
  chunk.name(name);
  if (attributes.length > 0) {
    const list = chunk.at;
    chunk.u32(0);
    attributes.forEach(([key, value], index) => {
      chunk.u8(index < attributes.length - 1 ? 0x46 : 0x06);
      chunk.name(key);
      substitute(chunk, value);
    });
    chunk.bytes.writeUInt32LE(chunk.at - list - 4, list);
  }
  if (content) {
    chunk.u8(0x02);
    content();
    chunk.u8(0x04);
  } else chunk.u8(0x03);
  chunk.bytes.writeUInt32LE(chunk.at - size - 4, size);
}

function substitute(chunk: ChunkWriter, value: string | number): void {
  if (typeof value === 'string') {
    chunk.u8(0x05, 0x01);
    chunk.u16(value.length);
    chunk.utf16(value);
  } else {
    chunk.u8(0x0e);
    chunk.u16(value);
    chunk.u8(0x01);
  }
}

interface Value {
  type: number;
  write(chunk: ChunkWriter): void;
}

/** A template instance: its definition where it is used first, then the values. */
function instance(chunk: ChunkWriter, key: string, body: () => void, values: Value[]): void {
  chunk.u8(0x0f, 1, 1, 0, 0x0c, 1);
  chunk.u32(1);
  const known = chunk.templates.get(key);
  chunk.u32(known ?? chunk.at + 4);
  if (known === undefined) {
    chunk.templates.set(key, chunk.at);
    chunk.u32(0);
    chunk.at += 16;
    const size = chunk.at;
    chunk.u32(0);
    chunk.u8(0x0f, 1, 1, 0);
    body();
    chunk.u8(0x00);
    chunk.bytes.writeUInt32LE(chunk.at - size - 4, size);
  }
  chunk.u32(values.length);
  const table = chunk.at;
  chunk.at += 4 * values.length;
  values.forEach(({ type, write }, index) => {
    const start = chunk.at;
    write(chunk);
    chunk.bytes.writeUInt16LE(chunk.at - start, table + 4 * index);
    chunk.bytes[table + 4 * index + 2] = type;
  });
}

const text = (value: string): Value => ({ type: 1, write: (chunk) => chunk.utf16(value) });
const number = (value: number): Value => ({ type: 6, write: (chunk) => chunk.u16(value) });
const time = (at: Date): Value => ({ type: 17, write: (chunk) => chunk.u64(fileTimeOf(at)) });

function fileTimeOf(at: Date): bigint {
  return BigInt(at.getTime() + 11_644_473_600_000) * 10_000n;
}

function writeRecord(chunk: ChunkWriter, event: NewEvent, id: number): void {
  const start = chunk.at;
  chunk.u32(0x2a2a);
  chunk.u32(0);
  chunk.u64(BigInt(id));
  chunk.u64(fileTimeOf(event.at));
  const { data = {}, channel = 'System', computer = 'PC7' } = event;
  const names = Object.keys(data);
  const dataValue: Value = {
    type: 0x21,
    write: (into) =>
      instance(into, `data|${names.join('|')}`, () => dataBody(into, names), Object.values(data).map(text)),
  };
  const body = () =>
    element(chunk, 'Event', [['xmlns', 'http://schemas.microsoft.com/win/2004/08/events/event']], () => {
      element(chunk, 'System', [], () => {
        element(chunk, 'Provider', [['Name', 0]], undefined);
        element(chunk, 'EventID', [], () => substitute(chunk, 1));
        element(chunk, 'Level', [], () => substitute(chunk, 2));
        element(chunk, 'TimeCreated', [['SystemTime', 3]], undefined);
        element(chunk, 'Channel', [], () => substitute(chunk, 4));
        element(chunk, 'Computer', [], () => substitute(chunk, 5));
      });
      substitute(chunk, 6);
    });
  const values = [
    text(event.provider),
    number(event.id),
    number(event.level),
    time(event.at),
    text(channel),
    text(computer),
  ];
  instance(chunk, 'event', body, [...values, dataValue]);
  chunk.at += 4;
  const size = chunk.at - start;
  chunk.bytes.writeUInt32LE(size, start + 4);
  chunk.bytes.writeUInt32LE(size, chunk.at - 4);
}

function dataBody(chunk: ChunkWriter, names: string[]): void {
  element(chunk, 'EventData', [], () => {
    for (const [index, name] of names.entries())
      element(chunk, 'Data', [['Name', name]], () => substitute(chunk, index));
  });
}

/** A file with these events. `perChunk`: how many go into one chunk. `countedChunks`: what the header says, when it is wrong. */
export function writeEvtx(
  events: readonly NewEvent[],
  options: { perChunk?: number; countedChunks?: number } = {},
): Buffer {
  const { perChunk = 50 } = options;
  const chunks: Buffer[] = [];
  for (let first = 0; first < events.length; first += perChunk) {
    const chunk = new ChunkWriter();
    for (const [index, event] of events.slice(first, first + perChunk).entries())
      writeRecord(chunk, event, first + index + 1);
    chunk.bytes.write('ElfChnk\0', 0, 'latin1');
    chunk.bytes.writeUInt32LE(128, 40);
    chunk.bytes.writeUInt32LE(chunk.at, 48);
    chunks.push(chunk.bytes);
  }
  const header = Buffer.alloc(4096);
  header.write('ElfFile\0', 0, 'latin1');
  header.writeUInt32LE(128, 32);
  header.writeUInt16LE(1, 36);
  header.writeUInt16LE(3, 38);
  header.writeUInt16LE(4096, 40);
  header.writeUInt16LE(options.countedChunks ?? chunks.length, 42);
  return Buffer.concat([header, ...chunks]);
}
