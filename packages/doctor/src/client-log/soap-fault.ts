// A SOAP fault in a client's log: in one line of XML, or line by line behind "SOAP Fault:". Its ErrorCode, the
// parameter in its message and the method decide what it means.
import type { LogEntry } from './entry.ts';

interface LoggedFault {
  /** The line with the ErrorCode: it decides. */
  entry: LogEntry;
  parameters: Record<string, string>;
}

const errorCode = /\bErrorCode(?:>|\s*[:=])\s*"?([A-Za-z]\w{3,})/;
const message = /\bMessage(?:>|\s*:)\s*([^<]*)/;
const method = /\bMethod(?:>|\s*:)\s*"*([^"<]+)/;
const parameter = /\bparameters?\.(\w+)/i;
/** Lines of one fault follow each other. */
const fields = /\b(?:faultstring|faultcode|ErrorCode|Message|Method|ID)\s*[:>]/i;
const farthest = 12;

export class SoapFault {
  private open: LoggedFault | undefined;
  private lastLine = 0;
  private ended: LoggedFault | undefined;

  get isOpen(): boolean {
    return this.open !== undefined;
  }

  /** All that decides is known. */
  get isComplete(): boolean {
    return this.open?.parameters.method !== undefined;
  }

  /** The parameters of the last fault: later lines name its code alone. */
  get last(): Readonly<Record<string, string>> {
    return this.ended?.parameters ?? {};
  }

  /** True where the line was part of the fault that has just ended. */
  just(entry: LogEntry): boolean {
    return this.ended !== undefined && entry.line - this.lastLine <= 1 && fields.test(entry.text);
  }

  begins({ text }: LogEntry): boolean {
    return text.includes('rrorCode') && errorCode.test(text);
  }

  begin(entry: LogEntry): void {
    this.open = { entry, parameters: { errorCode: errorCode.exec(entry.text)?.[1] ?? '' } };
    this.read(entry);
  }

  /** Takes a further line of the open fault. False if the line does not belong to it. */
  takes(entry: LogEntry): boolean {
    if (this.open === undefined || entry.line - this.open.entry.line > farthest) return false;
    if (!fields.test(entry.text) || this.begins(entry)) return false;
    this.read(entry);
    return true;
  }

  end(): LoggedFault | undefined {
    const { open } = this;
    this.open = undefined;
    if (open !== undefined) this.ended = open;
    return open;
  }

  private read({ text, line }: LogEntry): void {
    if (this.open === undefined) return;
    this.lastLine = line;
    const { parameters } = this.open;
    const words = message.exec(text)?.[1]?.trim();
    if (words && words !== '(null)') {
      parameters.message = words;
      const named = parameter.exec(words)?.[1];
      if (named) parameters.parameter = named;
    }
    const action = method.exec(text)?.[1]?.trim();
    if (action) parameters.method = action.split('/').at(-1) ?? action;
  }
}
