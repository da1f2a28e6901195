// The server, put together: the only place where everything meets.

import { hostname } from 'node:os';
import { join } from 'node:path';
import { applyRole } from '@moult/administration';
import { noticeBounds } from '@moult/administration/bounds';
import type { LoadedConfig, ServerConfig } from '@moult/administration/config';
import { raiseAdvice } from '@moult/releases/repository';
import { asDiskTrouble, type Notice, noticeLine } from '@moult/store';
import { type LiveCatalog, renewFragments } from '@moult/store/catalog';
import { openServerClock, programDate } from '@moult/store/clock';
import { createContentStore } from '@moult/store/content';
import {
  foreignDatabase,
  hadDatabase,
  keepAuditHead,
  lostDatabase,
  makeDataDir,
  openDataDir,
} from '@moult/store/data-dir';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { catalogNow, createAdministration, noHome, offerSetUp } from './administration-site.ts';
import { scheduleBackups } from './backup-schedule/index.ts';
import { writeBounds } from './bounds.ts';
import { type Closers, createClosers } from './closers.ts';
import { createConsole } from './console-site.ts';
import { scheduleContent } from './content-schedule/index.ts';
import { keepReleasesCovered } from './covered-releases/index.ts';
import { type CoverKeeper, keepCovered } from './covered-updates/index.ts';
import { openDiskRoom, releaseBallastWhenFull } from './disk-room/index.ts';
import { fillFirstCatalog } from './first-catalog/index.ts';
import { forwardAudit } from './forward/index.ts';
import { watchDatabase } from './housekeeping/watch-database.ts';
import { accessLogBounds, accessLogFolders, createAccessLog } from './http/access-log/index.ts';
import { createTrustedProxies } from './http/forwarded.ts';
import { createFront } from './http/front.ts';
import { openLimits } from './http/limits/open-limits.ts';
import { openPorts } from './http/ports.ts';
import { createRequireTls } from './http/require-tls.ts';
import type { ListenerName, Site } from './http/site.ts';
import type { Logger, OpenLog } from './log/log.ts';
import { keepNotices } from './notices/index.ts';
import { openMail } from './notices/mail.ts';
import { openUpdateService } from './open-update-service.ts';
import { openWhenThere } from './open-when-there.ts';
import { keepRings } from './rings/index.ts';
import { keepRules } from './rules/index.ts';
import { settingsOf } from './running-settings.ts';
import { openServerDatabase } from './server-database.ts';
import { createAgentBundlesSite } from './sites/agent-bundles/index.ts';
import { createCheckFilesSite } from './sites/check-files/index.ts';
import { createContentSite } from './sites/content/index.ts';
import { createMetricsSite } from './sites/metrics/index.ts';
import {
  createSelfUpdateSite,
  openReleaseDoor,
  readBranding,
  type SelfUpdateHealthMonitor,
} from './sites/self-update/index.ts';
import { createTrustSite } from './sites/trust/index.ts';
import { handlersOf, laterServices, soapSites } from './soap-services.ts';
import { scheduleSync } from './sync-schedule/index.ts';
import { takeOffExpired } from './take-off-expired.ts';
import { endingsOf, operatorEnds } from './tls/endings.ts';
import { followCertificate, openHttps } from './tls/open-https.ts';
import { watchSelfUpdate } from './watch-self-update.ts';

export interface ServerParts {
  now(): Date;
  log: Logger;
  /** The files of `log`, when it has any: their ageing is the server's. */
  logFiles?: Pick<OpenLog, 'age' | 'hold'>;
  /** Lines for the terminal: one `ready http://HOST:PORT`, and before it what the administrator must know. */
  announce(line: string, kind: 'ready' | 'notice'): void;
  /** The administrator means to begin with an empty database beside keys that are there. */
  newDatabase?: boolean;
  /** The origin of each setting, for administrators. */
  origins?: LoadedConfig['origins'];
  /** All computers of this server are the demo's own: they install the sample update. */
  approveSamples?: boolean;
}

export interface RunningServer {
  urls: { main: string; selfUpdate?: string; tls?: string };
  /** Finishes what is in flight, for as long as the configuration allows, and lets go of everything. */
  stop(): Promise<void>;
}

/** Starts a server. If it throws ServerError, it leaves nothing open. */
export async function startServer(config: ServerConfig, parts: ServerParts): Promise<RunningServer> {
  const closers = createClosers((error) => parts.log.error({ err: error }, 'closing failed'));
  try {
    const { urls, abandon } = await start(config, parts, closers);
    parts.announce(`ready ${urls.main}`, 'ready');
    parts.log.info({ urls }, 'ready');
    let stopping: Promise<void> | undefined;
    return {
      urls,
      stop: () => {
        stopping ??= closeInTime(closers, abandon, config.stopSeconds * 1000 + writeBounds.lastWritesMs);
        return stopping;
      },
    };
  } catch (error) {
    await closers.closeAll();
    throw asDiskTrouble(error, 'The server cannot start');
  }
}

/** A database that does not answer delays the stop by this time at most. */
async function closeInTime(closers: Closers, abandon: () => void, timeMs: number): Promise<void> {
  const cut = setTimeout(abandon, timeMs);
  await closers.closeAll();
  clearTimeout(cut);
}

interface StartedServer {
  urls: RunningServer['urls'];
  /** Ends every wait for the database. */
  abandon(): void;
}

async function start(config: ServerConfig, parts: ServerParts, closers: Closers): Promise<StartedServer> {
  const { now, log } = parts;
  const startedAt = now();
  const { dataDir } = config;
  makeDataDir(dataDir);
  releaseBallastWhenFull(dataDir, config.diskReserveMib);
  const address = config.database ?? join(dataDir, 'moult.sqlite');
  const { newDatabase = false } = parts;
  const opened = await openDataDir({ dataDir, address, now: startedAt, newDatabase });
  const { lock } = opened;
  closers.add(() => lock.release());
  const room = openDiskRoom(config, { log });
  closers.add(() => room.close());
  if (parts.logFiles) room.pauses(parts.logFiles);
  const clock = openServerClock({ dataDir, now, programDate, log });
  closers.add(() => clock.close());
  parts.logFiles?.age(() => clock.ageingNow());
  const isClockBelieved = clock.state().kind === 'right';
  const keys = await loadOrCreateOperatorKeys(dataDir, { now: startedAt, isClockBelieved });
  const refuseEmpty =
    hadDatabase(dataDir) && !newDatabase ? () => lostDatabase(dataDir, address, 'holds no Moult') : undefined;
  const database = openServerDatabase(config, { now, log, refuseEmpty });
  const store = room.guard(database.store);
  closers.add(() => store.close());
  await database.prepareFirst();
  let endings: Parameters<typeof keepNotices>[0]['endings'] = () => [];
  let forwarding: ReturnType<typeof forwardAudit> | undefined;
  let otherDatabase: Notice[] = [];
  const auditHead = keepAuditHead({ store, dataDir, now, log });
  closers.add(() => auditHead.close());
  const contentFolder = config.contentDir ?? join(dataDir, 'content');
  const content = createContentStore({ folder: contentFolder, facts: store, now, log });

  const fetching = scheduleContent(config, { store, folder: contentFolder, log });
  closers.add(() => fetching.close());

  const limits = openLimits(config, { store, clock, log }, closers);
  const { admission } = limits;
  const mainPort = { number: config.port };
  const health: { monitor?: SelfUpdateHealthMonitor; changed: () => void } = { changed: () => undefined };
  const trust = createTrustSite({
    directory: join(dataDir, 'trust'),
    now,
    isClockBelieved: () => clock.state().kind === 'right',
    log,
    changed: () => health.changed(),
    signer: keys.signer,
  });
  let cover: CoverKeeper | undefined;
  let catalog: LiveCatalog | undefined;
  closers.add(() => trust.close());
  const backups = scheduleBackups(config, {
    ...{ store, database: address, now, log, changed: () => health.changed() },
  });
  closers.add(() => backups.close());
  const services = await openWhenThere({
    async open(itsClosers) {
      await database.prepare();
      otherDatabase = await foreignDatabase(dataDir, store);
      for (const notice of otherDatabase) log.warn(noticeLine(notice));
      await auditHead.compare();
      clock.learn(await store.loadNewestTime());
      const renewed = await renewFragments(store, (done, all) => log.info({ done, all }, 'fragments are made again'));
      if (renewed > 0) log.info({ renewed }, 'fragments were made again by the rules of this version');
      await takeOffExpired(store, startedAt, log);
      await limits.recount();
      const changedRole = await applyRole(store, config, { name: 'moult', at: startedAt });
      if (changedRole) {
        log.warn({ role: changedRole.role }, changedRole.says);
        parts.announce(changedRole.says, 'notice');
      }
      if (config.firstCatalog === 'samples') {
        const approve = parts.approveSamples === true;
        await fillFirstCatalog({ store, content, identity: keys.signer, now: startedAt, approve });
      }
      const service = await openUpdateService(
        config,
        { ...{ now, clock, log, store, mainPort, limits }, requestFile: fetching.request },
        itsClosers,
      );
      catalog = service.catalog;
      const keeper = keepCovered({
        directory: join(dataDir, 'trust'),
        ...{ store, catalog: service.catalog, now, log },
        isClockBelieved: () => clock.state().kind === 'right',
        changed: () => health.changed(),
      });
      cover = keeper;
      const schedule = scheduleSync(config, { store, now, log });
      itsClosers.add(() => schedule.close());
      fetching.begin();
      itsClosers.add(() => keeper.close());
      await keeper.look();
      const rules = keepRules({
        ...{ store, catalog: service.catalog, now: store.now, log },
        isClockBelieved: () => clock.state().kind === 'right',
        ownZone: config.timeZone,
      });
      itsClosers.add(() => rules.close());
      const isClockBelieved = () => clock.state().kind === 'right';
      const rings = keepRings({ store, releases: openReleaseDoor(dataDir), now: store.now, isClockBelieved, log });
      itsClosers.add(() => rings.close());
      const forwarded = forwardAudit(config, { store, log, changed: () => health.changed() });
      forwarding = forwarded;
      itsClosers.add(() => forwarded.close());
      const told = keepNotices({
        store,
        dataDir,
        now: store.now,
        log,
        mail: openMail(config, hostname(), noticeBounds.answerMs),
        endings: () => (isClockBelieved() ? endings() : []),
        backups: backups.facts,
      });
      itsClosers.add(() => told.close());
      return handlersOf(service);
    },
    onWaiting: database.hold,
    giveUp: database.abandon,
    log,
  });
  closers.add(() => services.close());
  let releasesChanged: () => void = () => undefined;
  const selfUpdate = await createSelfUpdateSite({
    dataDir,
    releaseDir: config.agentReleaseDir,
    branding: readBranding(config.agentBrand),
    identity: keys.signer,
    store,
    admission,
    now,
    newReleases: config.newAgentReleases,
    changed() {
      releasesChanged();
      health.changed();
    },
    onTrouble: (message, error) => log.warn({ err: error }, message),
  });
  closers.add(() => selfUpdate.close());
  const coveredReleases = keepReleasesCovered({
    directory: join(dataDir, 'trust'),
    releases: () => selfUpdate.offered(),
    ...{ now, log },
    isClockBelieved: () => clock.state().kind === 'right',
    changed: () => health.changed(),
  });
  closers.add(() => coveredReleases.close());
  releasesChanged = coveredReleases.look;
  const contentSite = createContentSite(content, (sha1) => fetching.demand(sha1));
  closers.add(() => contentSite.close());

  const agentBundles = createAgentBundlesSite(dataDir);
  closers.add(() => agentBundles.close());

  const checked = watchDatabase(address, { log, changed: () => health.changed() });
  closers.add(() => checked.close());
  const notices = () => [
    ...checked.notices(),
    ...opened.notices,
    ...otherDatabase,
    ...clock.notices(),
    ...keys.notices,
    ...room.notices(),
    ...database.notices(),
    ...backups.notices(),
    ...trust.notices(),
    ...(certificate?.notices() ?? []),
    ...coveredReleases.notices(),
    ...(cover?.notices() ?? []),
    ...(forwarding?.notices() ?? []),
  ];
  const certificate = await openHttps(config, {
    ...{ ca: keys.ca, now, log, isClockBelieved: () => clock.state().kind === 'right' },
    missing: (why) => opened.said.push(why),
    changed: () => health.changed(),
  });
  const urls: Partial<Record<ListenerName, string>> = {};
  room.onChange(() => health.changed());
  const console = createConsole(config, { store, health, urls, startedAt, notices, ...parts });
  const administration = createAdministration(config, {
    ...{ store, database: address, contentDir: contentFolder, log, origins: parts.origins },
    running: () => ({
      server: { state: 'running', url: urls.main ?? '', pid: process.pid, startedAt: startedAt.toISOString() },
      notices: notices(),
    }),
    home: () => console?.home() ?? Promise.reject(noHome()),
    catalog: () => catalogNow(catalog),
  });
  closers.add(() => administration.close());
  let tlsPort: number | undefined;
  const certificates = () => endingsOf({ https: certificate?.validTo(), ...operatorEnds(keys) });
  endings = () => [
    ...certificates(),
    ...trust.expiries().map(({ role, expires }) => ({ name: `metadata ${role}`, endsAt: new Date(expires) })),
  ];
  const metrics = createMetricsSite({
    ...{ metricsFor: config.metrics, startedAt, store },
    askDatabase: () => store.loadNewestTime(),
    loadHomeFacts: (limit) => store.loadHomeFacts(limit),
    selfUpdateHealth: () => health.monitor?.facts() ?? noHealth,
    countNotices: () => notices().length,
    trustExpiries: () => trust.expiries(),
    backups: backups.facts,
    certificates,
    failed: (error) => log.error({ err: error }, 'the metrics could not be read'),
  });
  const sites: Site[] = [
    ...(certificate?.acme ? [certificate.acme.challenges.site] : []),
    ...(config.requireTls === 'on' ? [createRequireTls(() => tlsPort)] : []),
    administration.site,
    ...(administration.pages ? [administration.pages] : []),
    selfUpdate,
    ...soapSites(config, laterServices(services.current), { admission, log }),
    createCheckFilesSite(),
    contentSite,
    agentBundles,
    trust,
    metrics,
    ...(console ? [console] : []),
  ];

  const proxies = createTrustedProxies(config.trustedProxies);
  const outside = { proxies, publicUrl: config.publicUrl };
  const ports = await openPorts({
    ...{ config, proxies, certificate },
    front: (listener) => {
      const bounds = accessLogBounds(config, clock);
      const folder = join(dataDir, 'logs', accessLogFolders[listener]);
      const onTrouble = (message: string) => log.warn(message);
      const accessLog = createAccessLog({ folder, now, admission, onTrouble, bounds });
      closers.add(() => accessLog.close());
      room.pauses(accessLog);
      const isHttpsOnly = config.requireTls === 'on';
      return createFront({ listener, sites, accessLog, log, now, outside, isHttpsOnly, answered: metrics.observe });
    },
    onTrouble: (error) => log.warn({ err: error }, 'a connection could not be taken'),
    onUnreadable(beginning) {
      const isPing = /^(?:GET|HEAD) \/+wutrack\.bin/i.test(beginning);
      if (isPing) selfUpdate.countUnreadablePing();
      return isPing;
    },
  });
  closers.add(() => Promise.all(ports.open.map(({ listener }) => listener.stop(config.stopSeconds * 1000))));
  const encrypted = ports.open.filter(({ name }) => name === 'tls' || name === 'admin').map(({ listener }) => listener);
  tlsPort = ports.open.find(({ name }) => name === 'tls')?.listener.port;
  closers.add(followCertificate(certificate, { listeners: () => encrypted, log, changed: () => health.changed() }));
  mainPort.number = ports.open.find(({ name }) => name === 'main')?.listener.port ?? config.port;
  for (const { name } of ports.open) urls[name] = ports.url(name) ?? '';
  if (console) closers.add(() => console.close());
  closers.add(() => administration.endStreams());

  const watched = { ports: () => ports.watched, changed: () => health.changed() };
  health.monitor = watchSelfUpdate(selfUpdate, { ...watched, signerPem: keys.signer.certificatePem, now });
  closers.add(() => health.monitor?.close());
  // Its findings are in the log already.
  await room.check();
  for (const notice of room.notices()) parts.announce(noticeLine(notice), 'notice');
  const signed = [...trust.notices(), ...coveredReleases.notices(), ...(cover?.notices() ?? [])];
  const atStart = [...clock.notices(), ...keys.notices, ...database.notices(), ...signed].map(noticeLine);
  for (const notice of otherDatabase) parts.announce(noticeLine(notice), 'notice');
  for (const notice of [...opened.said, ...atStart, ...ports.notices]) {
    log.warn(notice);
    parts.announce(notice, 'notice');
  }
  if (trust.isNew) log.info(raiseAdvice);
  const link =
    services.current() && (await offerSetUp(store, urls.admin ?? urls.tls ?? urls.main ?? '', console !== undefined));
  // Never in the log: it is a secret.
  if (link !== undefined) parts.announce(link, 'notice');
  const main = urls.main ?? '';
  lock.announce(main, settingsOf(config, { address, contentFolder, selfUpdate: urls['self-update'] }));
  return {
    urls: { main, ...(urls['self-update'] && { selfUpdate: urls['self-update'] }), ...(urls.tls && { tls: urls.tls }) },
    abandon: database.abandon,
  };
}

const noHealth = { ports: [], releases: [] };
