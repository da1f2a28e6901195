// Whether a line of a log says by itself that something failed, in the languages of its program.

const failed =
  /\b(?:fail(?:ed|ure|s)?|error|exception|unable|could ?not|cannot|can't|denied|refused|timed? ?out|aborted|invalid|corrupt(?:ed)?|fatal)\b|fehler|fehlgeschlagen|verweigert|ungültig|nicht gefunden|échec|échoué|erreur|impossible|refusé|introuvable|fallo|falló|no se (?:pudo|puede)|errore|impossibile|non riuscit|falha|失敗|エラー|できません|错误|失败|ошибк|не удалось|błąd|fout|mislukt|fel\b|chyba|hata/i;
const innocent =
  /\b(?:no|0|zero|without|keine?|aucune?) (?:errors?|failures?|fehler|erreurs?)\b|error ?(?:code)? ?[=:] ?(?:0x0+\b|0\b)|\b(?:hr|result) ?= ?0x0+\b|\bfailed ?[=:] ?0\b|errors? ?[=:] ?0\b|0 failed\b|on error|error handling|ErrorLevel|if .{0,30}fails?\b/i;

/** True where a line complains, and not of nothing. */
export function saysFailed(text: string): boolean {
  return failed.test(text) && !innocent.test(text);
}
