"""The three web services, made from the contracts that the server itself shows. Every message that goes or comes is held
against the schemas of its contract by libxml2, and once more by zeep's strict parser."""

import os
import tempfile

import requests
import zeep
from lxml import etree
from zeep.plugins import Plugin
from zeep.transports import Transport

XSD = "http://www.w3.org/2001/XMLSchema"
ENVELOPES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}

PATHS = {
    "client": ["/ClientWebService/client.asmx"],
    "simpleauth": ["/SimpleAuthWebService/SimpleAuth.asmx"],
    "reporting": ["/ReportingWebService/ReportingWebService.asmx", "/ReportingWebService/WebService.asmx"],
}


class Services:
    """`client`, `simple_auth` and `reporting` are proxies; calling a method makes the call."""

    def __init__(self, url, version="1.1"):
        self.url = url
        self.version = version
        self.http = requests.Session()
        self.problems = []
        self.opened = []
        self.client = self._open("client")
        self.simple_auth = self._open("simpleauth")
        self.reporting = self._open("reporting")

    def _open(self, name, place=0):
        address = f"{self.url}{PATHS[name][place]}?wsdl"
        contract = self.http.get(address, timeout=60)
        contract.raise_for_status()
        validator = Validator(contract.content, self.problems)
        client = zeep.Client(
            wsdl=address,
            transport=Transport(session=self.http, timeout=60, operation_timeout=120),
            settings=zeep.Settings(strict=True, xml_huge_tree=True),
            plugins=[validator],
        )
        self.opened.append((address.removesuffix("?wsdl"), client))
        return self._bind(client)

    def _bind(self, client):
        (service,) = client.wsdl.services.values()
        wanted = ENVELOPES[self.version]
        for name, port in service.ports.items():
            if port.binding.nsmap["soap-env"] == wanted:
                return client.bind(service.name, name)
        raise LookupError(f"no SOAP {self.version} port in the contract of {service.name}")

    def refuses_strangers(self):
        """Whether the schemas tell a wrong message from a right one: without that, no check of validity means anything."""
        namespace = "http://www.microsoft.com/SoftwareDistribution/Server/ClientWebService"
        right = etree.fromstring(f'<GetConfig xmlns="{namespace}"><protocolVersion>1.8</protocolVersion></GetConfig>')
        wrong = etree.fromstring(f'<GetConfig xmlns="{namespace}"><version>1.8</version></GetConfig>')
        schema = self.opened[0][1].plugins[0].schema
        return schema.validate(right) and not schema.validate(wrong)

    def other_reporting(self):
        """The same service at its second path."""
        return self._open("reporting", 1)

    def addresses(self):
        """Every soap:address in the contracts, with the address at which the contract was fetched."""
        for asked, client in self.opened:
            for service in client.wsdl.services.values():
                for port in service.ports.values():
                    yield port.binding_options["address"], asked


class Validator(Plugin):
    """Holds the body of each message against the schemas in the contract."""

    def __init__(self, contract, problems):
        self.schema = compile_schemas(contract)
        self.problems = problems

    def egress(self, envelope, http_headers, operation, binding_options):
        self._check(envelope, operation, "request")
        return envelope, http_headers

    def ingress(self, envelope, http_headers, operation):
        self._check(envelope, operation, "answer")
        return envelope, http_headers

    def _check(self, envelope, operation, direction):
        body = next(child for child in envelope if etree.QName(child).localname == "Body")
        for content in body:
            if etree.QName(content).localname == "Fault":
                continue
            # A document of its own: declarations of the envelope come along.
            document = etree.fromstring(etree.tostring(content), etree.XMLParser(huge_tree=True))
            if not self.schema.validate(document):
                errors = "; ".join(str(error) for error in list(self.schema.error_log)[:5])
                self.problems.append(f"{operation.name} {direction}: {errors}")


def compile_schemas(contract):
    """One schema out of all that are inside a contract; their imports name no place, so each is put in a file."""
    root = etree.fromstring(contract)
    schemas = root.findall(f".//{{{XSD}}}schema")
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for number, schema in enumerate(schemas):
            files[schema.get("targetNamespace")] = os.path.join(folder, f"{number}.xsd")
        for schema in schemas:
            for imported in schema.findall(f"{{{XSD}}}import"):
                imported.set("schemaLocation", files[imported.get("namespace")])
            with open(files[schema.get("targetNamespace")], "wb") as file:
                # Not a copy: that would lose the prefixes which only attribute values use.
                file.write(etree.tostring(schema, with_tail=False))
        # The first one imports not all of them: Ping of MS-WSUSSS has a schema of its own.
        whole = etree.Element(f"{{{XSD}}}schema")
        for namespace, place in files.items():
            etree.SubElement(whole, f"{{{XSD}}}import", namespace=namespace, schemaLocation=place)
        return etree.XMLSchema(whole)
