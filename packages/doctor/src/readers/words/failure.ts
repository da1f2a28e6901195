// Why a .NET program of Windows (WSUS, Configuration Manager) failed, from the words of its exceptions. Names of
// classes, numbers and providers are the same in every language and decide first. Sentences follow in the languages
// that servers are installed in. A table that anybody can extend.

/** `aborted` and `deadlock` are what programs write while they stop or try again. */
export type FailureKind =
  | 'trust'
  | 'tls'
  | 'proxy'
  | 'range'
  | 'signature'
  | 'name'
  | 'refused'
  | 'timeout'
  | 'cut'
  | 'status'
  | 'sql-connect'
  | 'sql-login'
  | 'sql-timeout'
  | 'sql-full'
  | 'sql-schema'
  | 'sql-denied'
  | 'sql-damaged'
  | 'deadlock'
  | 'denied'
  | 'path'
  | 'disk-full'
  | 'memory'
  | 'aborted';

export interface Failure {
  kind: FailureKind;
  /** Of HTTP, where `kind` is `status`. */
  status?: number;
}

interface Row {
  kind: FailureKind;
  /** Names and numbers, the same in every language. */
  marks?: RegExp;
  /** Sentences, by language. */
  words?: RegExp;
}

/** In the order they are tried: what lies deeper comes before what only follows from it. */
const rows: readonly Row[] = [
  {
    kind: 'aborted',
    marks: /ThreadAbortException/,
    words: /Thread was being aborted|Der Thread wurde abgebrochen|Le thread a été abandonné|スレッドを中止しています/i,
  },
  {
    kind: 'deadlock',
    marks: /\bNumber: 1205\b|SqlException \(0x80131904\).{0,40}\b1205\b/,
    words:
      /deadlock(?:ed| victim|opfer|situation)|victime de l'interblocage|interblocage|デッドロック|взаимоблокиров|interbloqueo|死锁/i,
  },
  {
    kind: 'sql-full',
    marks: /\b(?:Number: |Error: )(?:1105|9002|1827|1101)\b/,
    words:
      /Could not allocate (?:space|a new page)|transaction log for database .{0,60} is full|would exceed your licensed limit|filegroup is full|Transaktionsprotokoll für .{0,60} (?:ist )?voll|konnte kein Speicherplatz|journal des transactions .{0,60} plein|トランザクション ログがいっぱい|registro de transacciones .{0,60} lleno/i,
  },
  {
    kind: 'sql-damaged',
    marks: /\b(?:Number: |Error: )(?:82[345]|5172|926|945)\b/,
    words:
      /is marked SUSPECT|in the RECOVERY_PENDING|logical consistency-based I\/O error|als fehlerverdächtig|marquée? (?:comme )?suspect/i,
  },
  {
    kind: 'sql-schema',
    marks: /\bNumber: (?:2812|207|208|8144|201|8145)\b/,
    words:
      /Could not find stored procedure|Invalid (?:column|object) name|schema version of the database|has too many arguments specified|expects parameter .{0,80} which was not supplied|gespeicherte Prozedur .{0,80} (?:wurde )?nicht gefunden|Ungültiger (?:Spalten|Objekt)name|Procédure stockée .{0,80} introuvable|Nom de (?:colonne|l'objet) .{0,60} non valide|ストアド プロシージャ .{0,80}見つかりません|No se encontró el procedimiento almacenado|database is from a newer version|version mismatch between the database/i,
  },
  {
    kind: 'sql-denied',
    marks: /\bNumber: 229\b/,
    words:
      /permission was denied on the (?:object|database)|-Berechtigung (?:wurde für|für) das? .{0,60}(?:verweigert|Objekt)|autorisation .{0,40} refusée sur l'objet/i,
  },
  {
    kind: 'sql-login',
    marks: /\b(?:Number: |Error: )(?:18456|4060|18452|18470)\b/,
    words:
      /Login failed for user|Cannot open (?:user default )?database|Fehler bei der Anmeldung für|angeforderte .{0,40}Datenbank kann nicht geöffnet|Échec de (?:la connexion|l'ouverture de session) de l'utilisateur|Impossible d'ouvrir la base de données|ログインできませんでした|データベース .{0,30}開けません|No se puede abrir la base de datos|Error de inicio de sesión del usuario|Accesso non riuscito per l'utente|Impossibile aprire il database|Ошибка входа пользователя|Не удается открыть базу данных/i,
  },
  {
    kind: 'sql-timeout',
    marks: /\bNumber: -2\b|SqlException \(0x80131904\).{0,20}(?:Execution )?Timeout/i,
    words:
      /(?:Execution )?Timeout expired\.|timeout period elapsed|(?:Ausführungst|T)imeout (?:ist )?abgelaufen|Zeitlimit wurde vor dem Beenden|Le délai d'attente a expiré|Délai d'exécution expiré|délai d'attente s'est écoulé|Tiempo de espera (?:de ejecución )?(?:agotado|expirado)|se agotó el tiempo de espera|Timeout (?:dell'esecuzione )?scaduto|タイムアウト(?:に達しました|期間が経過)|実行タイムアウト|Истекло время ожидания|Время ожидания выполнения истекло|执行超时|超时时间已到|Tempo limite (?:de execução )?expirado/i,
  },
  {
    kind: 'sql-connect',
    marks: /provider: .{0,60}(?:error|Fehler|erreur): ?\d+|\bNumber: (?:2|53|17142|6005|10054|233)\b(?=.*Sql)/i,
    words:
      /SQL Server does not exist|network-related|Netzwerkbezogener oder instanzspezifischer|erreur liée au réseau ou spécifique|transport-level error|Fehler auf Übertragungsebene|SHUTDOWN is in progress|ネットワーク関連またはインスタンス固有|relacionado con la red o específico de la instancia|SQL Server (?:service )?(?:is paused|has been paused)|Connection to database failed/i,
  },
  {
    kind: 'disk-full',
    marks: /0x80070070/i,
    words:
      /not enough space on the disk|There is not enough (?:disk )?space|nicht genug Speicherplatz|espace insuffisant sur le disque|ディスクに十分な空き領域がありません|Espacio en disco insuficiente|Spazio su disco insufficiente|Недостаточно места на диске|disk is full/i,
  },
  { kind: 'memory', marks: /OutOfMemoryException/ },
  {
    kind: 'range',
    marks: /\bRange\b[- ]?(?:protocol )?(?:header|Protokollheader|Header)|0x80200013/i,
    words:
      /necessary HTTP protocol|erforderliche HTTP-Protokoll|protocole HTTP nécessaire|必要な HTTP プロトコル|protocolo HTTP necesario/i,
  },
  {
    kind: 'signature',
    marks: /\bCRC\b|0x800b01[01]/i,
    words:
      /cert\w* (?:verification|validation) fail|Zertifikat\w* .{0,40}fehl|Fehler bei der .{0,20}Zertifikat|vérification du certificat|証明書の検証|certificado del archivo|invalid digital signature/i,
  },
  {
    kind: 'trust',
    marks:
      /TrustFailure|RemoteCertificate(?:NameMismatch|ChainErrors)|AuthenticationException(?![\s\S]*Win32Exception)/,
    words:
      /establish trust relationship|remote certificate (?:is|was) (?:invalid|rejected)|Vertrauensstellung hergestellt|Remotezertifikat ist .{0,40}ungültig|relation(?:ship)? (?:d'approbation|de confiance)|certificat distant (?:n'est pas|est non) valide|relación de confianza|certificado remoto no es válido|relazione di (?:trust|fiducia)|certificato remoto non è valido|relação de confiança|vertrouwensrelatie|信頼関係を確立|リモート証明書が無効|доверительные отношения|удаленный сертификат недействителен|建立信任关系|relacji zaufania|트러스트 관계/i,
  },
  {
    kind: 'tls',
    marks: /SecureChannelFailure|System\.Security\.Authentication\.AuthenticationException/,
    words:
      /create SSL\/TLS secure channel|call to SSPI failed|geschützter? SSL\/TLS-Kanal|canal sécurisé SSL\/TLS|canal seguro (?:de )?SSL\/TLS|canale sicuro SSL\/TLS|SSL\/TLS のセキュリティで保護|защищенный канал SSL\/TLS|创建 SSL\/TLS 安全通道|beveiligd SSL\/TLS-kanaal|client and server cannot communicate, because they do not possess a common algorithm/i,
  },
  {
    kind: 'proxy',
    marks: /ProxyNameResolutionFailure|\(407\)|HTTP\D{0,20}407\b/,
    words: /proxy authentication required|Proxyauthentifizierung|authentification (?:de )?proxy|プロキシ認証/i,
  },
  {
    kind: 'name',
    marks: /NameResolutionFailure|0x80072ee7/i,
    words:
      /remote name could not be resolved|server name or address could not be resolved|No such host is known|Remotename konnte nicht aufgelöst|Host ist (?:nicht bekannt|unbekannt)|nom distant n'a pas pu être résolu|nom de serveur ou (?:l')?adresse n'a pas pu être résolu|Hôte inconnu|resolver el nombre remoto|risolvere il nome remoto|nome remoto não pôde|リモート名を解決できません|そのようなホストは不明|разрешить удаленное имя|Этот хост неизвестен|无法解析此远程名称|未能解析此远程名称|externe naam kan niet/i,
  },
  {
    kind: 'refused',
    marks: /ConnectFailure|0x80072efd/i,
    words:
      /connect to the remote server|actively refused|connection with the server could not be established|Verbindung mit dem Remoteserver (?:kann|konnte) nicht|Zielcomputer die Verbindung verweigerte|Verbindungsversuch ist fehlgeschlagen|connecter au serveur distant|expressément refusée|tentative de connexion a échoué|conectar con el servidor remoto|denegó expresamente|connessione al server remoto|conectar(?:-se)? ao servidor remoto|リモート サーバーに接続できません|拒否されたため、接続できません|соединиться с удаленным сервером|отверг запрос на подключение|无法连接到远程服务器|verbinding maken met de externe server|connection attempt failed because the connected party/i,
  },
  {
    kind: 'status',
    marks: /HTTP\D{0,20}\b[345]\d\d\b|\([345]\d\d\) \p{L}|ProtocolError/u,
  },
  {
    kind: 'timeout',
    marks: /WebExceptionStatus\.Timeout|0x80072ee2/i,
    words:
      /operation (?:has )?timed out|request (?:was aborted: The operation has )?timed out|Timeout für (?:den )?Vorgang|Vorgang.{0,30}Timeout|Zeitüberschreitung|délai d'(?:attente de )?l'opération|opération a expiré|Se (?:terminó|agotó|excedió) el tiempo de espera de la operación|tempo de espera da operação|Timeout dell'operazione|操作がタイムアウト|Время ожидания операции|操作超时|操作已超时/i,
  },
  {
    kind: 'cut',
    marks: /ReceiveFailure|ConnectionClosed|KeepAliveFailure|SendFailure|0x80072ef[ef]/i,
    words:
      /forcibly closed|underlying connection was closed|connection (?:with the server )?was (?:terminated|closed) (?:abnormally|unexpectedly)|Verbindung .{0,40}(?:geschlossen|beendet|getrennt|abgebrochen)|connexion .{0,40}(?:été|dû être) (?:fermée|interrompue)|接続が(?:切断|閉じ)|conexión subyacente|connessione sottostante|соединение было (?:закрыто|разорвано)|基础连接已经关闭/i,
  },
  {
    kind: 'denied',
    marks: /UnauthorizedAccessException|0x80070005/i,
    words:
      /Access (?:to the path .{0,300})?is denied|Zugriff (?:auf den Pfad .{0,300})?(?:wurde )?verweigert|accès (?:au chemin .{0,300})?(?:est )?refusé|アクセスが拒否されました|Acceso denegado|Se denegó el acceso|Accesso (?:al percorso .{0,300})?negato|Отказано в доступе|拒绝访问/i,
  },
  {
    kind: 'path',
    marks: /DirectoryNotFoundException|FileNotFoundException|DriveNotFoundException|0x8007000[23]\b/i,
    words:
      /Could not find (?:a part of the path|file)|Teil des Pfades .{0,200}konnte nicht gefunden|trouver une partie du chemin|パス .{0,200}見つかりません/i,
  },
];

/** The failure that a text tells of. Undefined where it tells of none that is known. */
export function failureIn(text: string): Failure | undefined {
  for (const { kind, marks, words } of rows) {
    if (!marks?.test(text) && !words?.test(text)) continue;
    if (kind !== 'status') return { kind };
    const status = statusIn(text);
    if (status !== undefined) return { kind, status };
  }
  return undefined;
}

/** The HTTP status that a text names: "HTTP status 503", "HTTP-Status 401", "(404) Nicht gefunden". */
export function statusIn(text: string): number | undefined {
  const found = /HTTP(?!S?:\/\/)\D{0,20}?\b([345]\d\d)\b/i.exec(text) ?? /\(([345]\d\d)\) ?\p{L}/u.exec(text);
  return found ? Number(found[1]) : undefined;
}

/** "HRESULT=800F081F", as DISM ends. */
const namedCode = /\b(?:HRESULT|hr|error(?: code)?)\s*[=:]\s*([8c][0-9a-f]{7})\b/gi;
const decimalCode = /(?<![\w.-])(-?)([1-4]\d{9})(?![\w-]|\.\d)/g;

/** The HRESULTs of a text, failures only, in hex or, as servers write them, in signed or unsigned decimal. */
export function codesIn(text: string): number[] {
  const found = new Set<number>();
  if (!/[89a-f][0-9a-f]{7}|\d{10}/i.test(text)) return [];
  for (const [, hex = ''] of text.matchAll(/\b0x([89a-f][0-9a-f]{7})(?![0-9a-f])/gi))
    found.add(Number.parseInt(hex, 16));
  for (const [, hex = ''] of text.matchAll(namedCode)) found.add(Number.parseInt(hex, 16));
  for (const [, sign, digits = ''] of text.matchAll(decimalCode)) {
    const value = sign === '-' ? 2 ** 32 - Number(digits) : Number(digits);
    if (value < 2 ** 32 && facilities.has(Math.floor(value / 65_536))) found.add(value);
  }
  return [...found];
}

/**
 * Win32, security, trust, HTTP, BITS, the agent, web services, Delivery Optimization, servicing, .NET, Configuration
 * Manager.
 */
const facilities = new Set([
  0x8000, 0x8004, 0x8007, 0x8009, 0x800b, 0x800f, 0x8013, 0x8019, 0x8020, 0x8024, 0x803d, 0x8053, 0x80d0, 0x87d0,
  0xc190, 0xc800,
]);
