"""A client that keeps its books as MS-WUSP 3.2.5 says."""

import base64
import datetime
import json
import uuid

from lxml import etree

MOST_TRIPS = 200  # an agent gives up there (WU_E_PT_EXCEEDED_MAX_SERVER_TRIPS)


class Agent:
    def __init__(self, services, name, client_id=None):
        self.services = services
        self.name = name
        self.client_id = client_id or str(uuid.uuid4())
        self.protocol = "1.8"
        self.config = None
        self.properties = {}
        self.cookie = None
        self.updates = {}

    # Handshake

    def configure(self):
        self.config = self.services.client.GetConfig(protocolVersion=self.protocol)
        properties = self.config.Properties.ConfigurationProperty
        self.properties = {entry.Name: entry.Value for entry in properties}
        return self.config

    def authorize(self):
        return self.services.simple_auth.GetAuthorizationCookie(clientId=self.client_id, dnsName=self.name)

    def get_cookie(self, authorization, old=None, last_change=None):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.cookie = self.services.client.GetCookie(
            authCookies={"AuthorizationCookie": [plain(authorization)]},
            oldCookie=plain(old) if old else {"Expiration": now},
            lastChange=last_change or self.config.LastChange,
            currentTime=now,
            protocolVersion=self.protocol,
        )
        return self.cookie

    def shake_hands(self):
        self.configure()
        self.get_cookie(self.authorize())

    def register(self):
        return self.services.client.RegisterComputer(cookie=plain(self.cookie), computerInfo=computer_info(self.name))

    # Synchronisation

    def parameters(self, **changes):
        installed, cached = self.lists()
        return {
            "ExpressQuery": False,
            "InstalledNonLeafUpdateIDs": {"int": installed},
            "OtherCachedUpdateIDs": {"int": cached},
            "SkipSoftwareSync": False,
            "NeedTwoGroupOutOfScopeUpdates": True,
            **changes,
        }

    def lists(self):
        """Installed non-leaf ids, and everything else that is cached. Each category and detectoid counts as installed."""
        installed = [number for number, update in self.updates.items() if update.counts_as_installed]
        return installed, [number for number in self.updates if number not in set(installed)]

    def sync_once(self, **changes):
        answer = self.services.client.SyncUpdates(cookie=plain(self.cookie), parameters=self.parameters(**changes))
        self.cookie = answer.NewCookie
        fresh = items(answer.NewUpdates, "UpdateInfo")
        for update in fresh:
            self.updates[update.ID] = Update(update)
        for update in items(answer.ChangedUpdates, "UpdateInfo"):
            if update.ID in self.updates:
                self.updates[update.ID].change(update)
        for number in items(answer.OutOfScopeRevisionIDs, "int") + items(answer.DeployedOutOfScopeRevisionIds, "int"):
            self.updates.pop(number, None)
        return answer, fresh

    def sync_to_the_end(self):
        """The client loop of 3.2.5.4; answers every new update in the order of arrival, page by page."""
        pages = []
        for _ in range(MOST_TRIPS):
            installed_before = set(self.lists()[0])
            answer, fresh = self.sync_once()
            pages.append((installed_before, fresh))
            if not fresh or (not answer.Truncated and all(update.IsLeaf for update in fresh)):
                return pages
        raise RuntimeError(f"{MOST_TRIPS} trips and no end")

    # Keeping

    def save(self, file):
        state = {
            "client_id": self.client_id,
            "last_change": self.config.LastChange.isoformat(),
            "expiration": self.cookie.Expiration.isoformat(),
            "encrypted": base64.b64encode(self.cookie.EncryptedData).decode(),
            "updates": [[n, u.update_id, u.revision, u.is_leaf, u.action] for n, u in self.updates.items()],
        }
        with open(file, "w", encoding="utf-8") as out:
            json.dump(state, out)


class Update:
    """One revision in the cache."""

    def __init__(self, info):
        self.number = info.ID
        self.core = etree.fromstring(f"<core>{info.Xml}</core>", etree.XMLParser(huge_tree=True))
        identity = self.core.find("UpdateIdentity")
        self.update_id = identity.get("UpdateID").lower()
        self.revision = int(identity.get("RevisionNumber"))
        self.type = self.core.find("Properties").get("UpdateType")
        self.change(info)

    def change(self, info):
        self.is_leaf = info.IsLeaf
        self.deployment = info.Deployment
        self.action = info.Deployment.Action if info.Deployment is not None else None

    @property
    def counts_as_installed(self):
        return not self.is_leaf and self.type in ("Category", "Detectoid")

    def prerequisites(self):
        """AND of ORs of update ids."""
        found = self.core.find("Relationships/Prerequisites")
        for clause in [] if found is None else found:
            ids = [clause] if clause.tag == "UpdateIdentity" else clause.findall("UpdateIdentity")
            yield [identity.get("UpdateID").lower() for identity in ids]


def plain(cookie):
    """A cookie as it came, member by member."""
    if hasattr(cookie, "PlugInId"):
        return {"PlugInId": cookie.PlugInId, "CookieData": cookie.CookieData}
    return {"Expiration": cookie.Expiration, "EncryptedData": cookie.EncryptedData}


def items(array, name):
    """The items of an ArrayOf…, which may be absent."""
    return [] if array is None else list(array[name])


def computer_info(name):
    zero = ["OSServicePackMajorNumber", "OSServicePackMinorNumber", "SystemMetrics", "ClientVersionQfeNumber"]
    return {
        **{member: 0 for member in zero},
        "DnsName": name,
        "OSMajorVersion": 10,
        "OSMinorVersion": 0,
        "OSBuildNumber": 26100,
        "OSLocale": "en-US",
        "ComputerManufacturer": "Conformance <&>",
        "ComputerModel": "zeep",
        "BiosReleaseDate": datetime.datetime(2024, 1, 1),
        "ProcessorArchitecture": "AMD64",
        "SuiteMask": 256,
        "OldProductType": 1,
        "NewProductType": 48,
        "ClientVersionMajorNumber": 10,
        "ClientVersionMinorNumber": 0,
        "ClientVersionBuildNumber": 26100,
        "OSDescription": "Conformance client",
    }
