// An event of the Windows event log, whatever form it came in.
import type { LogEvent } from '../../story/event.ts';
import { parseStamp } from '../../text/stamp.ts';

export interface WindowsEvent {
  /** As the log names it: "Microsoft-Windows-WindowsUpdateClient". Older tools name the source. */
  provider: string;
  id: number;
  level: LogEvent['level'];
  time: number | undefined;
  zone: LogEvent['zone'];
  /** Named data, where the form has it. */
  data: Readonly<Record<string, string>>;
  /** All values in their order, where the form has them. */
  values: readonly string[];
  /** The message, in whatever language. */
  text: string;
  line: { number: number; text: string };
}

const words: readonly (readonly [LogEvent['level'], RegExp])[] = [
  [
    'error',
    /^(?:critical|kritisch|critique|crítico|critico|critica|крити\S*|error|fehler|erreur|errore|erro|fout|fel|feil|fejl|virhe|chyba|hiba|hata|eroare|błąd|ошибка|помилка|エラー|重大|错误|錯誤|关键|오류|위험|σφάλμα|failureaudit|1|2)$/i,
  ],
  [
    'warning',
    /^(?:warning|warnung|avertissement|attention|avviso|advertencia|aviso|waarschuwing|varning|advarsel|varoitus|upozornění|figyelmeztetés|uyarı|ostrzeżenie|предупреждение|попередження|警告|경고|προειδοποίηση|3)$/i,
  ],
  [
    'information',
    /^(?:information(?:en|s|al)?|informaci[oó]n|informazioni?|informações|informação|informatie|info|informace|informacja|bilgi|tiedot|сведения|情報|信息|資訊|정보|verbose|ausführlich|détaillé|successaudit|success|0|4|5)$/i,
  ],
];

/** The level that a word, or the number of an event's XML, stands for. Undefined for any other text. */
export function levelOf(text: string): LogEvent['level'] {
  const bare = text.trim();
  if (bare.length > 20) return undefined;
  const known = levels.get(bare);
  if (known !== undefined) return known || undefined;
  const level = words.find(([, pattern]) => pattern.test(bare))?.[0];
  if (levels.size < 1000) levels.set(bare, level ?? '');
  return level;
}

/** Words that were asked for before. '' for words that are not levels. */
const levels = new Map<string, 'error' | 'warning' | 'information' | ''>();

/** When, as a form has it: ISO 8601 or by a locale. */
export function timeOf(text: string): Pick<WindowsEvent, 'time' | 'zone'> {
  const stamp = parseStamp(text.trim().replace(/^(?:[A-Za-z]{3,9},? )(?=\d)/, ''));
  if (stamp) return { time: stamp.at, zone: stamp.zone };
  return { time: undefined, zone: undefined };
}

/** Everything of an event that may name a code or a service. */
export function wordsOf({ text, values }: WindowsEvent): string {
  return values.length === 0 ? text : `${text}\n${values.join('\n')}`;
}
