// Which of the languages at hand answers a request for a language tag.

/**
 * The element of `available` (as written there) for `wanted`: exact, then each neutral parent (de-AT-1996 → de-AT →
 * de), then `en`, then the neutral `all`, then `fallback`. Letter case does not matter. Undefined when none is there.
 */
export function chooseLanguage(available: readonly string[], wanted: string, fallback?: string): string | undefined {
  for (const tag of [...withParents(wanted), 'en', 'all', fallback?.toLowerCase()]) {
    const found = available.find((language) => language.toLowerCase() === tag);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The languages to send for a client's `locales`: for each the exact one or a neutral parent, and always `en` when
 * there is one (MS-WUSP 2.2.2.2.6). When nothing matches, what chooseLanguage answers. Distinct, in asked order.
 */
export function chooseLanguages(available: readonly string[], locales: readonly string[], fallback?: string): string[] {
  const chosen = new Set<string>();
  for (const locale of [...locales, 'en']) {
    const tags = withParents(locale);
    const found = tags
      .map((tag) => available.find((language) => language.toLowerCase() === tag))
      .find((language) => language !== undefined);
    if (found !== undefined) chosen.add(found);
  }
  if (chosen.size === 0) {
    const last = chooseLanguage(available, locales[0] ?? 'en', fallback);
    if (last !== undefined) chosen.add(last);
  }
  return [...chosen];
}

function withParents(tag: string): string[] {
  const parts = tag.trim().toLowerCase().replaceAll('_', '-').split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}
