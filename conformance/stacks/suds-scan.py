"""One scan with suds, from the contracts that the server shows. Arguments: address of the server, 1.1 or 1.2.

suds writes SOAP 1.1 envelopes whatever the binding: with 1.2 it loads that binding and calls through its port.
Prints one JSON line (scan.ts reads it) and ends with 0 when the scan came to its end.
"""

import datetime
import json
import sys
import uuid

from suds.client import Client

URL, VERSION = sys.argv[1], sys.argv[2]
PORT = "12" if VERSION == "1.2" else ""


def service(path, port):
    client = Client(f"{URL}{path}?wsdl", cache=None, timeout=60)
    client.set_options(port=port + PORT)
    return client.service


def items(array, name):
    return list(getattr(array, name, None) or []) if array else []


def main():
    client = service("/ClientWebService/client.asmx", "ClientSoap")
    auth = service("/SimpleAuthWebService/SimpleAuth.asmx", "SimpleAuthSoap")
    reporting = service("/ReportingWebService/ReportingWebService.asmx", "WebServiceSoap")
    computer_id = str(uuid.uuid4())
    name = f"suds-{VERSION}"
    config = client.GetConfig("1.8")
    authorization = auth.GetAuthorizationCookie(computer_id, None, name)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    # A typed client: LastChange was read into a datetime, and is written from it.
    cookie = client.GetCookie({"AuthorizationCookie": [authorization]}, None, config.LastChange, now, "1.8")
    client.RegisterComputer(cookie, computer_info(name, now))
    updates, pages = {}, 0
    while pages < 200:
        installed = [number for number, is_leaf in updates.items() if not is_leaf]
        cached = [number for number, is_leaf in updates.items() if is_leaf]
        parameters = {
            "ExpressQuery": False,
            "InstalledNonLeafUpdateIDs": {"int": installed},
            "OtherCachedUpdateIDs": {"int": cached},
            "SkipSoftwareSync": False,
            "NeedTwoGroupOutOfScopeUpdates": True,
        }
        answer = client.SyncUpdates(cookie, parameters)
        pages += 1
        cookie = answer.NewCookie
        fresh = items(getattr(answer, "NewUpdates", None), "UpdateInfo")
        updates.update({info.ID: info.IsLeaf for info in fresh})
        if not fresh:
            break
    leaves = [number for number, is_leaf in updates.items() if is_leaf]
    info = client.GetExtendedUpdateInfo(
        cookie, {"int": leaves[:50]}, {"XmlUpdateFragmentType": ["Extended"]}, {"string": ["en"]}
    )
    extended = items(getattr(info, "Updates", None), "Update")
    reported = reporting.ReportEventBatch(cookie, now, {"ReportingEvent": [event(computer_id, now)]})
    print(json.dumps({"updates": len(updates), "pages": pages, "extended": len(extended), "reported": bool(reported)}))


def computer_info(name, now):
    return {
        "DnsName": name, "OSMajorVersion": 10, "OSMinorVersion": 0, "OSBuildNumber": 26100,
        "OSServicePackMajorNumber": 0, "OSServicePackMinorNumber": 0, "OSLocale": "en-US",
        "BiosReleaseDate": now, "ProcessorArchitecture": "AMD64", "SuiteMask": 256, "OldProductType": 1,
        "NewProductType": 48, "SystemMetrics": 0, "ClientVersionMajorNumber": 10, "ClientVersionMinorNumber": 0,
        "ClientVersionBuildNumber": 26100, "ClientVersionQfeNumber": 0,
    }  # fmt: skip


def event(computer_id, now):
    zero = "00000000-0000-0000-0000-000000000000"
    version = {"Major": 10, "Minor": 0, "Build": 26100, "Revision": 0, "ServicePackMajor": 0, "ServicePackMinor": 0}
    return {
        "BasicData": {
            "TargetID": {"Sid": computer_id}, "SequenceNumber": 0, "TimeAtTarget": now,
            "EventInstanceID": str(uuid.uuid4()), "NamespaceID": 1, "EventID": 147, "SourceID": 101,
            "UpdateID": {"UpdateID": zero, "RevisionNumber": 0}, "Win32HResult": 0, "AppName": "suds",
        },
        "ExtendedData": {
            "ReplacementStrings": {"string": ["0"]}, "ProcessorArchitecture": "Amd64Compatible",
            "OSVersion": version, "OSLocaleID": 1033,
        },
        "PrivateData": {"ComputerDnsName": "", "UserAccountName": ""},
    }  # fmt: skip


main()
