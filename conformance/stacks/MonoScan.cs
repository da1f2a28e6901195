// One scan with the proxies that Mono's wsdl makes from the contracts that the server shows, as .NET's wsdl.exe does.
// Arguments: address of the server. The proxies decide the SOAP version. Prints one JSON line (scan.ts reads it).
using System;
using System.Collections.Generic;
using System.Linq;

public static class MonoScan {
    public static void Main(string[] arguments) {
        var url = arguments[0];
        var name = "mono-" + arguments[1];
        var client = new ClientProxy.Client { Url = url + "/ClientWebService/client.asmx" };
        var auth = new AuthProxy.SimpleAuth { Url = url + "/SimpleAuthWebService/SimpleAuth.asmx" };
        var reporting = new ReportingProxy.WebService { Url = url + "/ReportingWebService/ReportingWebService.asmx" };
        var computerId = Guid.NewGuid().ToString();
        var now = DateTime.UtcNow;
        var config = client.GetConfig("1.8");
        var authorization = auth.GetAuthorizationCookie(computerId, null, name);
        var given = new ClientProxy.AuthorizationCookie {
            PlugInId = authorization.PlugInId, CookieData = authorization.CookieData,
        };
        var cookie = client.GetCookie(new[] { given }, null, config.LastChange, now, "1.8");
        client.RegisterComputer(cookie, new ClientProxy.ComputerInfo {
            DnsName = name, OSMajorVersion = 10, OSBuildNumber = 26100, OSLocale = "en-US", BiosReleaseDate = now,
            ProcessorArchitecture = "AMD64", SuiteMask = 256, OldProductType = 1, NewProductType = 48,
            ClientVersionMajorNumber = 10, ClientVersionBuildNumber = 26100,
        });
        var updates = new Dictionary<int, bool>();
        var pages = 0;
        while (pages < 200) {
            var answer = client.SyncUpdates(cookie, new ClientProxy.SyncUpdateParameters {
                InstalledNonLeafUpdateIDs = updates.Where(one => !one.Value).Select(one => one.Key).ToArray(),
                OtherCachedUpdateIDs = updates.Where(one => one.Value).Select(one => one.Key).ToArray(),
                NeedTwoGroupOutOfScopeUpdates = true, NeedTwoGroupOutOfScopeUpdatesSpecified = true,
            });
            pages++;
            cookie = answer.NewCookie;
            var fresh = answer.NewUpdates ?? new ClientProxy.UpdateInfo[0];
            foreach (var info in fresh) updates[info.ID] = info.IsLeaf;
            if (fresh.Length == 0) break;
        }
        var leaves = updates.Where(one => one.Value).Select(one => one.Key).Take(50).ToArray();
        var extended = client.GetExtendedUpdateInfo(
            cookie, leaves, new[] { ClientProxy.XmlUpdateFragmentType.Extended }, new[] { "en" }, null, null);
        var reported = reporting.ReportEventBatch(
            new ReportingProxy.Cookie { Expiration = cookie.Expiration, EncryptedData = cookie.EncryptedData }, now,
            new[] { new ReportingProxy.ReportingEvent {
                BasicData = new ReportingProxy.BasicData {
                    TargetID = new ReportingProxy.ComputerTargetIdentifier { Sid = computerId }, TimeAtTarget = now,
                    EventInstanceID = Guid.NewGuid(), NamespaceID = 1, EventID = 147, SourceID = 101,
                    UpdateID = new ReportingProxy.UpdateRevisionIdentifier { UpdateID = Guid.Empty },
                    AppName = "mono",
                },
                ExtendedData = new ReportingProxy.ExtendedData {
                    ReplacementStrings = new[] { "0" },
                    ProcessorArchitecture = ReportingProxy.ProcessorArchitecture.Amd64Compatible,
                    OSVersion = new ReportingProxy.DetailedVersion { Major = 10, Build = 26100 }, OSLocaleID = 1033,
                },
                PrivateData = new ReportingProxy.PrivateData { ComputerDnsName = "", UserAccountName = "" },
            } });
        Console.WriteLine("{{\"updates\":{0},\"pages\":{1},\"extended\":{2},\"reported\":{3}}}",
            updates.Count, pages, (extended.Updates ?? new ClientProxy.UpdateData[0]).Length, reported ? "true" : "false");
    }
}
