// Colours, decided once per report.
import { styleText } from 'node:util';

type PaintFormat = Parameters<typeof styleText>[0];

/** A painter that colours or leaves text alone. */
export function paintWith(colour: boolean): (format: PaintFormat, text: string) => string {
  return (format, text) => (colour ? styleText(format, text, { validateStream: false }) : text);
}
