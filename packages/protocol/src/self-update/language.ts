// Language folders of the self-update tree: "the standard 2- to 4-letter language abbreviations". Three spellings are
// met: ISO (en, pt-br, zh-TW), run together (zhtw, ptbr), and the three letters of Windows (ENU, PTB, CHT).

const windowsAbbreviations: Record<string, string> = {
  ara: 'ar',
  bgr: 'bg',
  chs: 'zh-cn',
  cht: 'zh-tw',
  csy: 'cs',
  dan: 'da',
  deu: 'de',
  ell: 'el',
  eng: 'en-gb',
  enu: 'en',
  esn: 'es',
  esp: 'es',
  eti: 'et',
  fin: 'fi',
  fra: 'fr',
  heb: 'he',
  hrv: 'hr',
  hun: 'hu',
  ita: 'it',
  jpn: 'ja',
  kor: 'ko',
  lth: 'lt',
  lvi: 'lv',
  nld: 'nl',
  non: 'nn',
  nor: 'no',
  plk: 'pl',
  ptb: 'pt-br',
  ptg: 'pt',
  rom: 'ro',
  rus: 'ru',
  sky: 'sk',
  slv: 'sl',
  sve: 'sv',
  tha: 'th',
  trk: 'tr',
  ukr: 'uk',
};

/**
 * Lower-case, dashed spelling: zhtw, CHT, zh_TW and zh-TW are all zh-tw. Undefined for a text that is not a language
 * name.
 */
export function canonicalLanguage(language: string): string | undefined {
  const text = language.toLowerCase().replaceAll('_', '-').replace(/\..*$/, '');
  if (/^[a-z]{2}$/.test(text)) return text;
  if (/^[a-z]{3}$/.test(text)) return windowsAbbreviations[text] ?? text;
  if (/^[a-z]{4}$/.test(text)) return `${text.slice(0, 2)}-${text.slice(2)}`;
  return /^[a-z]{2,3}(-[a-z0-9]{2,8}){1,4}$/.test(text) ? text : undefined;
}

/** The languages to try, best first, ending in English: pt-br → pt-br, pt, en. Canonical spellings. */
export function languageFallback(language: string): string[] {
  const chain: string[] = [];
  const parts = canonicalLanguage(language)?.split('-') ?? [];
  for (let length = parts.length; length > 0; length--) chain.push(parts.slice(0, length).join('-'));
  if (!chain.includes('en')) chain.push('en');
  return chain;
}
