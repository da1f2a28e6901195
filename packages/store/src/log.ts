// The log of the store. The server passes its own log, which has these methods.

type SayLine = {
  (details: object, message: string): void;
  (message: string): void;
};

export interface Log {
  info: SayLine;
  warn: SayLine;
  error: SayLine;
}
