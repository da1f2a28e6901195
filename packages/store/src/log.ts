// What the store says in passing. The server gives it its own log, which has these methods.

type SayLine = {
  (details: object, message: string): void;
  (message: string): void;
};

export interface Log {
  info: SayLine;
  warn: SayLine;
  error: SayLine;
}
