"""The sessions: one from the first call to the report, one that finds a server that has changed."""

import base64
import datetime
import json
import types
import uuid

import requests
from lxml import etree

from agent import Agent, items, plain
from download import check_file
from services import PATHS, Services
from xpress import decode_stream

ZERO = "00000000-0000-0000-0000-000000000000"
ACTIONS = {"OptionalInstall", "Install", "Uninstall", "PreDeploymentCheck", "Evaluate", "Bundle"}


def whole_session(arguments, checks):
    services = Services(arguments.url, arguments.soap)
    other_reporting = services.other_reporting()
    for found, wanted in services.addresses():
        checks.equal(f"the contract's address is the one it was asked at: {wanted}", found.lower(), wanted.lower())
    checks.note("the schemas of the contract tell right from wrong", services.refuses_strangers())
    check_transport(services, checks)
    agent = Agent(services, arguments.name)
    handshake(agent, checks)
    synchronise(agent, checks)
    cookies(agent, checks)
    extended(agent, checks, arguments.max_download_mib)
    remaining_operations(agent, checks)
    report(agent, checks, other_reporting)
    refresh(agent, checks)
    if arguments.state:
        agent.save(arguments.state)
    checks.equal("every message is valid against the contract", services.problems, [])


def check_transport(services, checks):
    """Letter case, Xpress, and the faults of what is no call."""
    path = PATHS["client"][0]
    namespace = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<GetConfig xmlns="{namespace}"><protocolVersion>1.8</protocolVersion></GetConfig></s:Body></s:Envelope>'
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{namespace}/GetConfig"'}
    texts = []
    for asked, coding in ((path.upper(), "identity"), (path.lower(), "xpress")):
        sent = {**headers, "Accept-Encoding": coding}
        answer = requests.post(services.url + asked, body, headers=sent, timeout=60)
        checks.equal(f"POST {asked} ({coding})", answer.status_code, 200)
        coded = answer.headers.get("Content-Encoding") == "xpress"
        checks.equal(f"an answer is xpress when that is accepted ({coding})", coded, coding == "xpress")
        text = decode_stream(answer.content) if coded else answer.content
        texts.append(etree.tostring(etree.fromstring(text), method="c14n"))
    checks.note("the xpress answer says the same as the plain one", texts[0] == texts[1], texts)


def handshake(agent, checks):
    config = agent.configure()
    plugins = config.AuthInfo.AuthPlugInInfo
    checks.equal("GetConfig offers SimpleTargeting and nothing else", [p.PlugInID for p in plugins], ["SimpleTargeting"])
    wanted = {"MaxExtendedUpdatesPerRequest", "PackageServerShare", "ProtocolVersion", "IsInventoryRequired"}
    checks.note("GetConfig has the properties that clients need", wanted <= set(agent.properties), agent.properties)
    checks.equal("no inventory is required", agent.properties.get("IsInventoryRequired"), "0")
    again = agent.services.client.GetConfig(protocolVersion=agent.protocol)
    checks.equal("LastChange is stable", again.LastChange, config.LastChange)
    authorization = agent.authorize()
    checks.equal("GetAuthorizationCookie names its plug-in", authorization.PlugInId, "SimpleTargeting")
    old = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    checks.fault("a LastChange of yesterday", "ConfigChanged", lambda: agent.get_cookie(authorization, last_change=old))
    agent.get_cookie(authorization)
    life = agent.cookie.Expiration - datetime.datetime.now(datetime.timezone.utc)
    checks.note("the cookie lives for a while", 60 < life.total_seconds() < 90_000, life)
    if config.IsRegistrationRequired:
        checks.fault("a sync before registration", "RegistrationRequired", lambda: agent.sync_once())
    agent.register()


def synchronise(agent, checks):
    pages = agent.sync_to_the_end()
    checks.note("the sync comes to an end with something", len(agent.updates) > 0, "no updates")
    trips = len(pages)
    checks.note(f"{trips} trips for {len(agent.updates)} updates", trips < 200)
    identity = {number: update.update_id for number, update in agent.updates.items()}
    early = []
    for installed, fresh in pages:
        have = {identity.get(number) for number in installed}
        for info in fresh:
            update = agent.updates.get(info.ID)
            for clause in update.prerequisites() if update else ():
                if not have & set(clause):
                    early.append((info.ID, clause))
    checks.equal("nothing came before its prerequisites were installed", early, [])
    fresh = [info for _, page in pages for info in page]
    bare = [info.ID for info in fresh if info.Deployment is None]
    checks.equal("there is a deployment on every update", bare, [])
    checks.note("actions are those that clients know", {u.action for u in agent.updates.values()} <= ACTIONS)
    drivers = [u.number for u in agent.updates.values() if u.type == "Driver"]
    checks.equal("no drivers in the software pass", drivers, [])
    wrong = leaf_errors(agent)
    checks.equal("IsLeaf is false exactly for what others name as a prerequisite", wrong, [])
    held = dict(agent.updates)
    answer, fresh = agent.sync_once()
    calm = (len(fresh), len(items(answer.ChangedUpdates, "UpdateInfo")), answer.Truncated, held == agent.updates)
    checks.equal("a second sync brings nothing new and drops nothing", calm, (0, 0, False, True))
    expiration = agent.cookie.Expiration
    agent.sync_once()
    checks.equal("use does not prolong a cookie", agent.cookie.Expiration, expiration)
    driver_pass(agent, checks)


def leaf_errors(agent):
    named = {update_id for u in agent.updates.values() for clause in u.prerequisites() for update_id in clause}
    # Something that this client does not see may name an update too: only a leaf that is named here is wrong for sure.
    return [u.number for u in agent.updates.values() if u.is_leaf and u.update_id in named]


def driver_pass(agent, checks):
    installed, _ = agent.lists()
    device = {
        "HardwareIDs": {"string": ["PCI\\VEN_FFFF&DEV_FFFF"]},
        "installedDriver": {
            "MatchingID": "PCI\\VEN_FFFF&DEV_FFFF",
            "DriverVerDate": datetime.datetime(2006, 6, 21),
            "DriverVerVersion": 2814751477604196,
            "DriverRank": -1,
        },
    }
    request = {
        "ExpressQuery": False,
        "InstalledNonLeafUpdateIDs": {"int": installed},
        "SystemSpec": {"Device": [device]},
        "SkipSoftwareSync": True,
    }
    answer = agent.services.client.SyncUpdates(cookie=plain(agent.cookie), parameters=request)
    agent.cookie = answer.NewCookie
    checks.note("the driver pass is answered", answer.DriverSyncNotNeeded in ("true", "false"))
    wrong = {**request, "SkipSoftwareSync": False}
    call = lambda: agent.services.client.SyncUpdates(cookie=plain(agent.cookie), parameters=wrong)
    checks.fault("devices in a software pass", "InvalidParameters", call)


def cookies(agent, checks):
    sync = agent.services.client.SyncUpdates
    sealed = bytearray(agent.cookie.EncryptedData)
    sealed[len(sealed) // 2] ^= 1
    for what, data in (("an altered cookie", bytes(sealed)), ("a cookie of zeros", bytes(64)), ("no cookie", None)):
        cookie = {"Expiration": agent.cookie.Expiration, "EncryptedData": data}
        checks.fault(what, "InvalidCookie", lambda: sync(cookie=cookie, parameters=agent.parameters()))
    far = datetime.datetime(2001, 1, 1, tzinfo=datetime.timezone.utc)
    cookie = {"Expiration": far, "EncryptedData": agent.cookie.EncryptedData}
    sync(cookie=cookie, parameters=agent.parameters())
    checks.note("the clear-text Expiration does not count", True)
    foreign = types.SimpleNamespace(PlugInId="SimpleTargeting", CookieData=b"x" * 64)
    kept = agent.cookie
    checks.fault("a foreign authorisation", "InvalidAuthorizationCookie", lambda: agent.get_cookie(foreign))
    agent.get_cookie(agent.authorize(), old=kept)
    checks.note("a cookie is renewed with the old one", agent.cookie.EncryptedData != kept.EncryptedData)


def extended(agent, checks, max_download_mib):
    most = int(agent.properties["MaxExtendedUpdatesPerRequest"])
    wanted = [u.number for u in agent.updates.values() if u.type == "Software"]
    found, files, digests = {}, {}, {}
    for start in range(0, len(wanted), most):
        answer = ask_extended(agent, wanted[start : start + most])
        checks.equal("what was synchronised is in scope", items(answer.OutOfScopeRevisionIDs, "int"), [])
        for data in items(answer.Updates, "Update"):
            found.setdefault(data.ID, []).append(data.Xml)
        for location in items(answer.FileLocations, "FileLocation"):
            files[location.FileDigest] = location.Url
    checks.equal("every update has its extended metadata", sorted(found), sorted(wanted))
    for fragment in (etree.fromstring(f"<x>{text}</x>") for texts in found.values() for text in texts):
        for file in fragment.iter("File"):
            stronger = file.find("AdditionalDigest[@Algorithm='SHA256']")
            size = int(file.get("Size"))
            digests[base64.b64decode(file.get("Digest"))] = (size, None if stronger is None else stronger.text)
    checks.equal("every file has its location", sorted(set(digests) - set(files)), [])
    unknown = ask_extended(agent, [2147483647])
    checks.equal("an unknown revision is out of scope", items(unknown.OutOfScopeRevisionIDs, "int"), [2147483647])
    checks.fault("one id too many", "InvalidParameters", lambda: ask_extended(agent, list(range(1, most + 2))))
    locations(agent, checks, files)
    by_identity(agent, checks, wanted[:most])
    download(agent, checks, files, digests, max_download_mib)


def ask_extended(agent, numbers):
    return agent.services.client.GetExtendedUpdateInfo(
        cookie=plain(agent.cookie),
        revisionIDs={"int": numbers},
        infoTypes={"XmlUpdateFragmentType": ["Extended", "LocalizedProperties"]},
        locales={"string": ["en-US", "en"]},
    )


def locations(agent, checks, files):
    call = agent.services.client.GetFileLocations
    some = list(files)[:50]
    if some:
        answer = call(cookie=plain(agent.cookie), fileDigests={"base64Binary": some + [bytes(20)]})
        found = {l.FileDigest: l.Url for l in items(answer.FileLocations, "FileLocation")}
        checks.equal("GetFileLocations says the same", found, {digest: files[digest] for digest in some})
        agent.cookie = answer.NewCookie
    short = lambda: call(cookie=plain(agent.cookie), fileDigests={"base64Binary": [bytes(19)]})
    checks.fault("a digest of 19 octets", "InvalidParameters", short)


def by_identity(agent, checks, numbers):
    if not numbers:
        return
    names = [{"UpdateID": agent.updates[n].update_id, "RevisionNumber": agent.updates[n].revision} for n in numbers]
    answer = agent.services.client.GetExtendedUpdateInfo2(
        cookie=plain(agent.cookie),
        updateIDs={"UpdateIdentity": names},
        infoTypes={"XmlUpdateFragmentType": ["Extended", "FileUrl"]},
        locales={"string": ["en"]},
    )
    found = {data.ID for data in items(answer.Updates, "Update")}
    checks.equal("GetExtendedUpdateInfo2 finds the same by global name", sorted(found), sorted(numbers))


def download(agent, checks, files, digests, max_download_mib):
    downloaded = 0
    for digest, url in files.items():
        size, sha256 = digests[digest]
        if size > max_download_mib * 1024 * 1024:
            continue
        if agent.services.http.head(url, timeout=60).status_code == 404:
            continue  # Not here yet: real WSUS gives the location all the same.
        check_file(agent.services.http, checks, url, digest, sha256, size)
        downloaded += 1
    checks.note(f"{downloaded} of {len(files)} files are here and were downloaded", downloaded > 0 or not files)


def remaining_operations(agent, checks):
    scan = agent.services.client.StartCategoryScan
    categories = [u for u in agent.updates.values() if u.type == "Category"]
    unknown = str(uuid.uuid4())
    request = [{"IndexOfAndGroup": 0, "CategoryId": unknown}]
    answer = scan(requestedCategories={"CategoryRelationship": request})
    checks.equal("an unknown category is in error", items(answer.requestedCategoryIdsInError, "guid"), [unknown])
    for category in categories[:20]:
        request = [{"IndexOfAndGroup": 0, "CategoryId": category.update_id}]
        answer = scan(requestedCategories={"CategoryRelationship": request})
        preferred = items(answer.preferredCategoryIds, "guid")
        if preferred:
            checks.equal("a product may filter a sync", preferred, [category.update_id])
            break
    printers = agent.services.client.SyncPrinterCatalog(
        cookie=plain(agent.cookie), installedNonLeafUpdateIDs={"int": agent.lists()[0]}, printerUpdateIDs={"int": []}
    )
    checks.note("SyncPrinterCatalog is answered", printers.NewCookie is not None)
    reporting = agent.services.reporting
    inventory = reporting.GetRequiredInventoryType(cookie=cookie_for_reporting(agent), rulesId=ZERO, rulesVersion="1")
    checks.equal("no inventory is required of a client", inventory, 0)
    sent = {"IsCompressed": False, "RawXml": "<Inventory/>"}
    now = datetime.datetime.now(datetime.timezone.utc)
    checks.equal("ReportInventory is taken", reporting.ReportInventory(cookie_for_reporting(agent), now, sent), True)
    # Servers below have no cookie of their own (MS-WSUSSS 3.1.4.13): all of them send the same one.
    above = reporting.GetRollupConfiguration(cookie=cookie_for_reporting(agent))
    checks.note("GetRollupConfiguration takes computers in bounded lists", 0 < above.RollupComputersMaxBatchSize <= 100000)


def cookie_for_reporting(agent):
    return {"Expiration": agent.cookie.Expiration, "EncryptedData": agent.cookie.EncryptedData}


def report(agent, checks, other_reporting):
    now = datetime.datetime.now(datetime.timezone.utc)
    software = [u for u in agent.updates.values() if u.type == "Software" and u.action == "Install"]
    events = [event(agent, 147, now, strings=[str(len(software))])]
    if software:
        events.append(event(agent, 167, now, software[0]))
        events.append(event(agent, 183, now, software[0]))
        needed = "U=" + ";".join(u.update_id.upper() for u in software)
        events.append(event(agent, 156, now, misc=[needed]))
    batch = {"ReportingEvent": events}
    for service in (agent.services.reporting, other_reporting):
        taken = service.ReportEventBatch(cookie=cookie_for_reporting(agent), clientTime=now, eventBatch=batch)
        checks.equal("ReportEventBatch is taken, and taken again", taken, True)
    second = agent.services.reporting.ReportEventBatch2(computerId=agent.client_id, clientTime=now, eventBatch=batch)
    checks.equal("ReportEventBatch2 is taken", second, True)
    nobody = {"Expiration": now, "EncryptedData": b"\0" * 80}
    call = lambda: agent.services.reporting.ReportEventBatch(cookie=nobody, clientTime=now, eventBatch=batch)
    checks.fault("a report with a foreign cookie", "InvalidCookie", call)


def event(agent, number, now, update=None, strings=(), misc=()):
    version = {"Major": 10, "Minor": 0, "Build": 26100, "Revision": 0, "ServicePackMajor": 0, "ServicePackMinor": 0}
    return {
        "BasicData": {
            "TargetID": {"Sid": agent.client_id},
            "SequenceNumber": 0,
            "TimeAtTarget": now,
            "EventInstanceID": str(uuid.uuid4()),
            "NamespaceID": 1,
            "EventID": number,
            "SourceID": 101,
            "UpdateID": {
                "UpdateID": update.update_id if update else ZERO,
                "RevisionNumber": update.revision if update else 0,
            },
            "Win32HResult": 0,
            "AppName": "conformance",
        },
        "ExtendedData": {
            "ReplacementStrings": {"string": list(strings)},
            "MiscData": {"string": list(misc)},
            "ProcessorArchitecture": "Amd64Compatible",
            "OSVersion": version,
            "OSLocaleID": 1033,
        },
        "PrivateData": {"ComputerDnsName": "", "UserAccountName": ""},
    }


def refresh(agent, checks):
    names = [{"UpdateID": u.update_id, "RevisionNumber": u.revision} for u in agent.updates.values()]
    names.append({"UpdateID": str(uuid.uuid4()), "RevisionNumber": 1})
    results = agent.services.client.RefreshCache(cookie=plain(agent.cookie), globalIDs={"UpdateIdentity": names})
    found = {result.RevisionID: result.GlobalID.UpdateID.lower() for result in results or []}
    wanted = {u.number: u.update_id for u in agent.updates.values() if u.action != "Bundle"}
    checks.equal("RefreshCache gives the ids of what is here, members of bundles left out", found, wanted)


def recover(arguments, checks):
    """After ServerChanged: a new handshake, RefreshCache, and the sync goes on with what was kept."""
    with open(arguments.resume, encoding="utf-8") as file:
        state = json.load(file)
    services = Services(arguments.url, arguments.soap)
    agent = Agent(services, arguments.name, state["client_id"])
    cookie = {
        "Expiration": datetime.datetime.fromisoformat(state["expiration"]),
        "EncryptedData": base64.b64decode(state["encrypted"]),
    }
    call = lambda: services.client.SyncUpdates(cookie=cookie, parameters=agent.parameters())
    checks.fault("a cookie of before", "ServerChanged", call)
    agent.shake_hands()
    kept = [entry for entry in state["updates"] if entry[4] != "Bundle"]
    names = [{"UpdateID": update_id, "RevisionNumber": revision} for _, update_id, revision, _, _ in kept]
    results = services.client.RefreshCache(cookie=plain(agent.cookie), globalIDs={"UpdateIdentity": names})
    back = {(result.GlobalID.UpdateID.lower(), result.GlobalID.RevisionNumber) for result in results}
    checks.equal("everything that was kept is known again", back, {(u, r) for _, u, r, _, _ in kept})
    agent.sync_to_the_end()
    found = {(u.update_id, u.revision) for u in agent.updates.values()}
    checks.equal("the sync ends where it ended before", found, {(u, r) for _, u, r, _, _ in state["updates"]})
    checks.equal("every message is valid against the contract", services.problems, [])
