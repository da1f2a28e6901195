"""A downstream server out of the contracts: those that the server shows, and the published one of the roll-up."""

import datetime
import logging
import os
import subprocess
import tempfile
import uuid

import requests
import zeep
from lxml import etree
from zeep.transports import Transport

from services import ENVELOPES, Validator
from xpress import decode_stream

# The deadline of no deadline has seven digits behind the second, as Windows writes it. Python reads six: zeep tells each.
logging.getLogger("zeep.xsd.types.simple").setLevel(logging.CRITICAL)

SYNC = "/ServerSyncWebService/ServerSyncWebService.asmx"
AUTH = "/DssAuthWebService/DssAuthWebService.asmx"
REPORTING = "/ReportingWebService/ReportingWebService.asmx"
ROLL_UP = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "wsdl", "server-reporting.wsdl")
NEVER = datetime.datetime(1753, 1, 1)
ALL_COMPUTERS = "a0a08746-4dbe-4a37-9adf-9e7652c0b421"
ZERO = "00000000-0000-0000-0000-000000000000"


class CodedTransport(Transport):
    """Asks for a content coding, and decodes it as the specification says."""

    coding = "identity"
    coded = 0

    def post(self, address, message, headers):
        answer = super().post(address, message, {**headers, "Accept-Encoding": self.coding})
        if answer.headers.get("Content-Encoding") == "xpress":
            self.coded += 1
            answer._content = decode_stream(answer.content)  # pylint: disable=protected-access
        return answer


class Upstream:
    """`auth`, `sync` and `reporting` are proxies; calling a method makes the call."""

    def __init__(self, url, version):
        self.version = version
        self.problems = []
        self.http = requests.Session()
        self.transport = CodedTransport(session=self.http, timeout=60, operation_timeout=120)
        self.auth = self._open(url + AUTH, self._shown(url + AUTH))
        self.sync = self._open(url + SYNC, self._shown(url + SYNC))
        with open(ROLL_UP, "rb") as file:
            self.reporting = self._open(url + REPORTING, file.read())

    def _shown(self, address):
        answer = self.http.get(f"{address}?wsdl", timeout=60)
        answer.raise_for_status()
        return answer.content

    def _open(self, address, contract):
        with tempfile.NamedTemporaryFile(suffix=".wsdl") as file:
            file.write(contract)
            file.flush()
            client = zeep.Client(
                wsdl=file.name,
                transport=self.transport,
                settings=zeep.Settings(strict=True, xml_huge_tree=True),
                plugins=[Validator(contract, self.problems)],
            )
        for name, binding in client.wsdl.bindings.items():
            if binding.nsmap["soap-env"] == ENVELOPES[self.version]:
                return client.create_service(name, address)
        raise LookupError(f"no SOAP {self.version} binding in the contract of {address}")


def whole_walk(upstream, checks, name):
    """Every operation once, and the refusals. Answers what must not depend on the coding."""
    before = upstream.transport.coded
    cookie = authorize(upstream, checks, name)
    lists = ask_lists(upstream, cookie, checks, name)
    documents = ask_updates(upstream, cookie, lists, checks, name)
    deployments = ask_deployments(upstream, cookie, lists, checks, name)
    roll_up(upstream, checks, name)
    for proxy in ("auth", "sync"):
        answer = getattr(upstream, proxy).Ping(1)
        checks.equal(f"Ping says that the service is well ({proxy}, {name})", answer.SuccessFlag, True)
    coded = upstream.transport.coded - before
    wanted = upstream.transport.coding == "xpress"
    checks.equal(f"answers are xpress when that is accepted ({name})", coded > 0, wanted)
    return {"lists": lists["identities"], "documents": documents, "deployments": deployments}


def authorize(upstream, checks, name):
    sync = upstream.sync
    plugin = items(sync.GetAuthConfig().AuthInfo, "AuthPlugInInfo")
    checks.equal(f"GetAuthConfig names DssTargeting alone ({name})", [one.PlugInID for one in plugin], ["DssTargeting"])
    checks.equal(f"it is at the path of WSUS ({name})", f"/{plugin[0].ServiceUrl}".lower(), AUTH.lower())
    account = str(uuid.uuid5(uuid.NAMESPACE_URL, "moult-conformance-downstream"))
    checks.fault(
        f"a GUID that is none ({name})",
        "InvalidParameters",
        lambda: upstream.auth.GetAuthorizationCookie("dss.example.org", "none", None),
    )
    authorization = upstream.auth.GetAuthorizationCookie("dss.example.org", account, None)
    checks.equal(f"the authorization is of DssTargeting ({name})", authorization.PlugInId, "DssTargeting")
    given = {"AuthorizationCookie": [{"PlugInId": authorization.PlugInId, "CookieData": authorization.CookieData}]}
    for version, wanted in (("2.0", "IncompatibleProtocolVersion"), ("x", "InvalidParameters")):
        checks.fault(f"protocol {version} ({name})", wanted, lambda v=version: sync.GetCookie(given, None, v))
    forged = {"AuthorizationCookie": [{"PlugInId": "DssTargeting", "CookieData": b"forged"}]}
    checks.fault(
        f"a forged authorization ({name})", "InvalidAuthorizationCookie", lambda: sync.GetCookie(forged, None, "1.20")
    )
    for version in ("1.1", "1.3", "1.21", "1.20"):
        cookie = sync.GetCookie(given, None, version)
        checks.note(f"GetCookie answers protocol {version} ({name})", len(cookie.EncryptedData or b"") > 0)
    checks.fault(
        f"a cookie that is none ({name})",
        "InvalidCookie",
        lambda: sync.GetConfigData({"Expiration": NEVER, "EncryptedData": b"none"}, None),
    )
    return cookie


def ask_lists(upstream, cookie, checks, name):
    sync = upstream.sync
    config = sync.GetConfigData(cookie, None)
    again = sync.GetConfigData(cookie, config.NewConfigAnchor)
    languages = items(config.LanguageUpdateList, "ServerSyncLanguageData")
    checks.note(f"GetConfigData names languages and limits ({name})", languages and config.MaxNumberOfUpdatesPerRequest > 0)
    checks.equal(f"with its anchor it names none ({name})", items(again.LanguageUpdateList, "ServerSyncLanguageData"), [])
    anchors, identities = {}, {}
    for is_config in (True, False):
        first = sync.GetRevisionIdList(cookie, {"GetConfig": is_config, "Get63LanguageOnly": False})
        identities[is_config] = [pair(one) for one in items(first.NewRevisions, "UpdateIdentity")]
        anchors[is_config] = first.Anchor
        asked = {"Anchor": first.Anchor, "GetConfig": is_config, "Get63LanguageOnly": False}
        second = items(sync.GetRevisionIdList(cookie, asked).NewRevisions, "UpdateIdentity")
        checks.note(f"GetRevisionIdList lists revisions ({name}, GetConfig {is_config})", len(identities[is_config]) > 0)
        checks.equal(f"with its anchor it lists none ({name}, GetConfig {is_config})", second, [])
    checks.fault(
        f"an anchor that is none ({name})",
        "InvalidParameters",
        lambda: sync.GetRevisionIdList(cookie, {"Anchor": "x", "GetConfig": True, "Get63LanguageOnly": False}),
    )
    limits = {"updates": config.MaxNumberOfUpdatesPerRequest}
    return {"anchors": anchors, "identities": identities, "limits": limits}


def ask_updates(upstream, cookie, lists, checks, name):
    sync, limit = upstream.sync, lists["limits"]["updates"]
    wanted = [*lists["identities"][True], *lists["identities"][False]]
    documents, digests = {}, []
    left = list(wanted)
    while left:
        answer = sync.GetUpdateData(cookie, identity_list(left[:limit]))
        came = items(answer.updates, "ServerSyncUpdateData")
        if not came:
            break
        for one in came:
            documents[pair(one.Id)] = document_of(one)
            digests += items(one.FileDigestList, "base64Binary")
        left = [one for one in left if one not in documents]
    checks.equal(f"GetUpdateData has every listed revision ({name})", sorted(documents), sorted(wanted))
    wrong = [key for key, text in documents.items() if identity_in(text) != key]
    checks.equal(f"each document is that of its revision ({name})", wrong, [])
    checks.fault(
        f"{limit + 1} revisions in one call ({name})",
        "InvalidParameters",
        lambda: sync.GetUpdateData(cookie, identity_list((wanted * (limit + 1))[: limit + 1])),
    )
    keys = sync.GetUpdateDecryptionData(cookie, identity_list(wanted[:5]))
    named = [pair(one.UpdateId) for one in items(keys, "ServerSyncUpdateFileDecryption")]
    checks.equal(f"GetUpdateDecryptionData names what was asked for ({name})", named, wanted[:5])
    related = sync.GetRelatedRevisionsForUpdates(cookie, {"guid": [wanted[-1][0]]})
    checks.note(f"GetRelatedRevisionsForUpdates knows it ({name})", wanted[-1] in [pair(one) for one in related or []])
    checks.fault(
        f"a file that nothing has ({name})",
        "FileDigestsMissing",
        lambda: sync.DownloadFiles(cookie, {"base64Binary": [b"\1" * 20]}),
    )
    if digests:
        sync.DownloadFiles(cookie, {"base64Binary": digests[:1]})
        checks.note(f"DownloadFiles takes a file of an update ({name})", True)
    return documents


def ask_deployments(upstream, cookie, lists, checks, name):
    anchor = lists["anchors"][False]
    first = upstream.sync.GetDeployments(cookie, None, anchor)
    groups = {one.TargetGroupID: one for one in items(first.Groups, "ServerSyncTargetGroup")}
    checks.note(f"GetDeployments has All Computers on top ({name})", groups[ALL_COMPUTERS].ParentGroupId == ZERO)
    deployments = items(first.Deployments, "ServerSyncDeployment")
    checks.note(f"each deployment is for a group that is told ({name})", all(d.TargetGroupId in groups for d in deployments))
    second = upstream.sync.GetDeployments(cookie, first.Anchor, anchor)
    checks.equal(f"with its anchor it has no deployments ({name})", items(second.Deployments, "ServerSyncDeployment"), [])
    checks.fault(
        f"no anchor of the lists ({name})",
        "InvalidParameters",
        lambda: upstream.sync.GetDeployments(cookie, None, None),
    )
    return sorted((d.UpdateId, d.RevisionNumber, d.Action, d.TargetGroupId) for d in deployments)


def roll_up(upstream, checks, name):
    reporting = upstream.reporting
    cookie = {"Expiration": datetime.datetime(9999, 12, 31, 23, 59, 59), "EncryptedData": b""}
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None, microsecond=0)
    server, computer = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"moult-conformance-{what}")) for what in ("server", "computer"))
    config = reporting.GetRollupConfiguration(cookie)
    checks.note(f"GetRollupConfiguration has limits ({name})", config.RollupComputersMaxBatchSize > 0)
    reporting.RollupDownstreamServers(cookie, now, {"DownstreamServerRollupInfo": [server_info(server, now)]})
    answer = reporting.RollupComputers(cookie, now, {"ComputerRollupInfo": [computer_info(computer, server, now)]})
    changes = [one.Change for one in items(answer, "ChangedComputer")]
    checks.note(f"RollupComputers asks for nothing that came ({name})", "Deleted" not in changes, changes)
    status = {
        "InstanceId": str(uuid.uuid4()), "ComputerId": computer, "EffectiveLastDetectionTime": now,
        "RollupNumber": 1, "IsFullRollup": True, "UpdateStatus": {"ComputerStatusRollupUpdateStatus": []},
    }  # fmt: skip
    done = reporting.RollupComputerStatus(cookie, now, server, {"ComputerStatusRollupInfo": [status]})
    checks.equal(f"RollupComputerStatus takes a full report ({name})", done, True)
    for number, wanted in ((1, []), (9, [computer])):
        asked = {"ComputerLastRollupNumber": [{"ComputerId": computer, "RollupNumber": number}]}
        found = reporting.GetOutOfSyncComputers(cookie, server, asked)
        checks.equal(f"GetOutOfSyncComputers for number {number} ({name})", list(found or []), wanted)


def server_info(server, now):
    counts = [
        "UpdateCount", "DeclinedUpdateCount", "ApprovedUpdateCount", "NotApprovedUpdateCount",
        "UpdatesWithStaleUpdateApprovalsCount", "ExpiredUpdateCount", "CriticalOrSecurityUpdatesNotApprovedForInstallCount",
        "WsusInfrastructureUpdatesNotApprovedForInstallCount", "UpdatesWithClientErrorsCount", "UpdatesWithServerErrorsCount",
        "UpdatesNeedingFilesCount", "UpdatesNeededByComputersCount", "UpdatesUpToDateCount", "CustomComputerTargetGroupCount",
        "ComputerTargetCount", "ComputerTargetsNeedingUpdatesCount", "ComputerTargetsWithUpdateErrorsCount",
        "ComputersUpToDateCount",
    ]  # fmt: skip
    return {
        "ServerId": server, "FullDomainName": "dss.example.org", "LastSyncTime": now, "ParentServerId": ZERO,
        "Version": "10.0.26100.1", "IsReplica": False, "LastRollupTime": now,
        "ServerSummary": dict.fromkeys(counts, 0), "ClientSummaries": None,
    }  # fmt: skip


def computer_info(computer, server, now):
    details = {
        "IPAddress": "192.0.2.8", "FullDomainName": "pc.example.org", "OSMajorVersion": 10, "OSMinorVersion": 0,
        "OSBuildNumber": 26100, "OSServicePackMajorNumber": 0, "OSServicePackMinorNumber": 0, "OSLocale": "en-US",
        "BiosReleaseDate": now, "ProcessorArchitecture": "AMD64", "SuiteMask": 256, "OldProductType": 1,
        "NewProductType": 48, "SystemMetrics": 0,
    }  # fmt: skip
    return {
        "ComputerId": computer, "LastSyncTime": now, "LastSyncResult": 1, "LastReportedRebootTime": NEVER,
        "LastReportedStatusTime": now, "LastInventoryTime": NEVER, "ParentServerId": server, "Details": details,
    }  # fmt: skip


def document_of(update):
    """The text of the document. Another program unpacks a cabinet."""
    if update.XmlUpdateBlob:
        return update.XmlUpdateBlob
    with tempfile.NamedTemporaryFile(suffix=".cab") as file:
        file.write(update.XmlUpdateBlobCompressed)
        file.flush()
        done = subprocess.run(["cabextract", "-q", "-p", file.name], capture_output=True, check=True, timeout=60)
    return done.stdout.decode("utf-16-le")


def identity_in(text):
    root = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True))
    found = root.find("{*}UpdateIdentity")
    return found.get("UpdateID").lower(), int(found.get("RevisionNumber"))


def pair(identity):
    return identity.UpdateID, identity.RevisionNumber


def identity_list(pairs):
    return {"UpdateIdentity": [{"UpdateID": update, "RevisionNumber": revision} for update, revision in pairs]}


def items(array, name):
    """The elements of an array of the contract. zeep gives an array that is the whole answer as a list."""
    if array is None or isinstance(array, list):
        return list(array or [])
    return list(getattr(array, name) or [])
